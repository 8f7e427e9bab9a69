# Copyright: (c) 2026, liqo.fabric contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option C(clusters), shared by all that talk to clusters, and of C(hubs), which is like it."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  clusters:
    description:
      - The clusters that this task may talk to, and how to reach each.
      - The connection options have the names, aliases and environment variables of the modules of C(kubernetes.core).
        When a cluster has none, its connection comes from the pod in which the task runs, or else from the current
        context of the default kubeconfig.
      - The C(K8S_AUTH_*) variables describe one connection. When they name a server (E(K8S_AUTH_HOST) or
        E(K8S_AUTH_KUBECONFIG)), a cluster that names its own ignores all of them, so that no token is sent to a server
        that it was not meant for. Otherwise each variable fills the option that was left out.
      - A cluster that names only O(clusters[].context) finds it in the file of E(K8S_AUTH_KUBECONFIG), and takes no
        server and no credentials from the variables when they name a server or context.
      - An O(clusters[].kubeconfig) or O(clusters[].host) that is given and empty is refused.
      - Credentials in the options, such as O(clusters[].api_key), take the place of all credentials of the kubeconfig.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - Name of the cluster, by which the other options refer to it.
        type: str
        required: true
      cluster_id:
        description:
          - Liqo cluster id, when it is not the same as O(clusters[].name).
        type: str
      liqo_namespace:
        description:
          - Namespace in which Liqo is installed.
        type: str
        default: liqo
      labels:
        description:
          - Labels of the cluster in this fabric, for selectors. They are not written anywhere.
        type: dict
        default: {}
      labels_told:
        description:
          - Whether O(clusters[].labels) are what the cluster tells, and not what you declare, as in an inventory of
            P(liqo.fabric.foreign_clusters#inventory). Where such labels make shortcuts contradict each other, only the
            links of this cluster that they concern are refused, and the run goes on.
        type: bool
        default: false
      kubeconfig:
        description:
          - Path of a kubeconfig on the host where the task runs, several paths joined with C(:), or its content as a
            dictionary or text, such as a variable that C(ansible-vault encrypt_string) has made.
          - Prefer a path. The content becomes an argument of the task, which Ansible writes to a file where the task
            runs, until the task ends.
          - It is read as kubectl reads it, and what kubectl refuses is refused. A field of its cluster or user that
            seems to be misspelled is refused as well. An exec plugin runs without a terminal, for at most 60 seconds.
          - Environment variable E(K8S_AUTH_KUBECONFIG).
        type: raw
      context:
        description:
          - Context in the kubeconfig, instead of its current one.
          - Environment variable E(K8S_AUTH_CONTEXT).
        type: str
      host:
        description:
          - URL of the API server. Without O(clusters[].kubeconfig) and O(clusters[].context), no kubeconfig is read.
          - Environment variable E(K8S_AUTH_HOST).
        type: str
      api_key:
        description:
          - Bearer token.
          - Environment variable E(K8S_AUTH_API_KEY).
        type: str
      username:
        description:
          - User name for HTTP basic authentication, which Kubernetes itself no longer offers but a proxy before it may.
          - Environment variable E(K8S_AUTH_USERNAME).
        type: str
      password:
        description:
          - Password for HTTP basic authentication.
          - Environment variable E(K8S_AUTH_PASSWORD).
        type: str
      validate_certs:
        description:
          - Whether the certificate of the API server has to be valid.
          - Environment variable E(K8S_AUTH_VERIFY_SSL).
        type: bool
        aliases: [verify_ssl]
      ca_cert:
        description:
          - File with the certificates of the authorities that may sign the certificate of the API server.
          - Environment variable E(K8S_AUTH_SSL_CA_CERT).
        type: path
        aliases: [ssl_ca_cert]
      client_cert:
        description:
          - File with a client certificate.
          - Environment variable E(K8S_AUTH_CERT_FILE).
        type: path
        aliases: [cert_file]
      client_key:
        description:
          - File with the key of the client certificate, without a passphrase.
          - Environment variable E(K8S_AUTH_KEY_FILE).
        type: path
        aliases: [key_file]
      proxy:
        description:
          - URL of an HTTP or SOCKS proxy on the way to the API server. Without it the C(proxy-url) of the kubeconfig is
            used, or else E(HTTPS_PROXY), which does not count for addresses of this machine.
          - Environment variable E(K8S_AUTH_PROXY).
        type: str
      no_proxy:
        description:
          - Hosts, domains, addresses and networks that are reached without the proxy, joined with commas.
          - Environment variable E(K8S_AUTH_NO_PROXY).
        type: str
      proxy_headers:
        description:
          - Headers for the HTTP proxy.
        type: dict
        suboptions:
          proxy_basic_auth:
            description:
              - User name and password for the proxy, joined with a colon.
              - Environment variable E(K8S_AUTH_PROXY_HEADERS_PROXY_BASIC_AUTH).
            type: str
          basic_auth:
            description:
              - User name and password for basic authentication, joined with a colon.
              - Environment variable E(K8S_AUTH_PROXY_HEADERS_BASIC_AUTH).
            type: str
          user_agent:
            description:
              - User agent that the proxy is told.
              - Environment variable E(K8S_AUTH_PROXY_HEADERS_USER_AGENT).
            type: str
      persist_config:
        description:
          - Whether refreshed tokens are written back to the kubeconfig.
          - Environment variable E(K8S_AUTH_PERSIST_CONFIG).
        type: bool
      impersonate_user:
        description:
          - User to act as. Without it the C(as) of the kubeconfig is used.
          - Environment variable E(K8S_AUTH_IMPERSONATE_USER).
        type: str
      impersonate_groups:
        description:
          - Groups to act as.
          - Environment variable E(K8S_AUTH_IMPERSONATE_GROUPS), joined with commas.
        type: list
        elements: str
notes:
  - Of connection options every token, password, key and certificate is masked in results, and so is every other text
    below a user of a kubeconfig that is given as content, wherever it occurs. Not masked are names of flags and
    variables, the command of a plugin, paths, common words such as C(get-token), texts of less than three letters, and
    what the cluster has in its name, labels, contexts and server, such as a region.
  - The connection is made on the host where the task runs, with the files and environment variables of that host.
"""

    # Of an inventory. With a type, since ansible-test wants a literal wherever there is none.
    HUBS: str = (
        DOCUMENTATION.partition("notes:")[0]
        .replace("  clusters:", "  hubs:")
        .replace("The clusters that this task may talk to", "The hubs")
        .replace("clusters[]", "hubs[]")
    )
