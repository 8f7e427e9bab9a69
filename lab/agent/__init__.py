# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The node agent: what a kubelet, a scheduler, kube-proxy and a cloud load balancer would do for a lab.

It is the one simulated part. `python -m lab.agent STATE_DIR`, in the lab's world namespace, serves all clusters of one
lab until SIGTERM. Files that decide are pure (`pods`, `placement`, `addresses`, `status`, `forwards`, `plugs`,
`kubeproxy`);
the others (`reflector`, `volumes`, `containers`, `sandbox`, `worker`, `node`) act.
"""
