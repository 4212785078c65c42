#!/bin/bash
# Whether the Swarm has what was deployed. Pure.

# Nodes, services, networks, secrets, configs, the wanted networks and what converged last as seven JSON values on stdin.
swarm_checks() {
  jq -nc "${AS_DEPLOYED}"'
    input as $nodes | input as $services | input as $networks | input as $secrets | input as $configs | input as $wanted | input as $serving |
    def check($subject; $expected; $actual): {subject: $subject, expected: $expected, actual: $actual, ok: ($expected == $actual)};
    def present($kind; $list; $name): check("\($kind) \($name)"; "is there"; if any($list[]; .Spec.Name == $name) then "is there" else "is missing" end);
    deployed($serving) as $deployed | ($services | own_services) as $own |
    [
      # Networks as networks.json wants them; encryption depends on the kernels, and is told by status.
      ($wanted[] | . as $want | first($networks[] | select(.Name == $want.name)) // null | . as $is
        | if $is == null then check("network \($want.name)"; "is there"; "is missing")
          elif ($is.Driver // "") == "" or $is.IPAM.Config == null then check("network \($want.name)"; "is allocated"; "is not allocated")
          else check("network \($want.name): subnet"; $want.subnet; $is.IPAM.Config[0].Subnet // "none"),
            check("network \($want.name): internal"; $want.internal | tostring; $is.Internal // false | tostring),
            check("network \($want.name): attachable"; "false"; $is.Attachable // false | tostring) end),
      # Each node has its slot, and each volume of an engine one node.
      ($nodes[] | check("node \(.Spec.Labels["metals.slot"] // .Description.Hostname): label metals.slot"; "is set"; if .Spec.Labels["metals.slot"] then "is set" else "is missing" end)),
      ($own[] | .Spec as $spec | $spec.TaskTemplate.Placement.Constraints // [] | .[]
        | capture("^ *node[.]labels[.](?<key>[^ =]+) *== *(?<value>[^ ]+) *$")
        | .key as $key | .value as $value | [$nodes[] | select(.Spec.Labels[$key] == $value)] | length
        | check("label \($key) of service \($spec.Name | ltrimstr("metals_"))"; "one node"; if . == 1 then "one node" else "\(.) nodes" end)),
      # Images, configs and secrets of the version that converged last.
      ($deployed | with_images | . as $name
        | [$own[] | select(.Spec.Name | test("^metals_\($name)(-[0-9]+)?$"))] as $found
        | if $found == [] then check("service \($name)"; "is there"; "is missing")
          else $found[] | check("service \(short_name): image"; $name | image($deployed); .Spec.TaskTemplate.ContainerSpec.Image) end),
      ($own[] | short_name as $name | .Spec.TaskTemplate.ContainerSpec.Configs // [] | .[].ConfigName | config($deployed)
        | check("service \($name): config"; "\(.stem)-\(.deployed)"; "\(.stem)-\(.hash)")),
      ($own[] | .Spec.TaskTemplate.ContainerSpec | (.Secrets // [] | .[].SecretName | ["secret", .]), (.Configs // [] | .[].ConfigName | ["config", .])
        | .[0] as $kind | .[1] as $name | present($kind; if $kind == "secret" then $secrets else $configs end; $name))
    ] | unique_by(.subject, .actual)'
}
