#!/bin/bash
# Whether the Swarm has what was deployed. Pure.

# Nodes, services, networks, secrets, configs, the wanted networks and what converged last as seven JSON values on stdin.
swarm_checks() {
  jq -nc '
    input as $nodes | input as $services | input as $networks | input as $secrets | input as $configs | input as $wanted | input as $serving |
    def check($subject; $expected; $actual): {subject: $subject, expected: $expected, actual: $actual, ok: ($expected == $actual)};
    def present($kind; $list; $name): check("\($kind) \($name)"; "is there"; if any($list[]; .Spec.Name == $name) then "is there" else "is missing" end);
    (($serving.variables // []) | map(split("=") | {key: .[0], value: (.[1:] | join("="))}) | from_entries) as $deployed |
    ($services | map(select(.Spec.Labels["com.docker.stack.namespace"] == "metals"))) as $own |
    def hash_of($stem): $deployed["METALS_CONFIG_HASH_\($stem | sub("-config$"; "") | ascii_upcase | gsub("-"; "_"))"];
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
      ($deployed | to_entries[] | select(.key | startswith("METALS_IMAGE_")) | (.key | ltrimstr("METALS_IMAGE_") | ascii_downcase) as $name | .value as $image
        | select($name | IN("tools", "zookeeper") | not)
        | [$own[] | select(.Spec.Name | test("^metals_\($name)(-[0-9]+)?$"))] as $found
        | if $found == [] then check("service \($name)"; "is there"; "is missing")
          else $found[] | check("service \(.Spec.Name | ltrimstr("metals_")): image"; $image; .Spec.TaskTemplate.ContainerSpec.Image) end),
      ($own[] | (.Spec.Name | ltrimstr("metals_")) as $name | .Spec.TaskTemplate.ContainerSpec.Configs // [] | .[].ConfigName
        | . as $config | (capture("^(?<stem>.+)-(?<hash>[0-9a-f]{8})$") | hash_of(.stem)) as $hash
        | if $hash == null then empty else check("service \($name): config"; ($config | sub("[0-9a-f]{8}$"; $hash)); $config) end),
      ($own[] | .Spec.TaskTemplate.ContainerSpec | (.Secrets // [] | .[].SecretName | ["secret", .]), (.Configs // [] | .[].ConfigName | ["config", .])
        | .[0] as $kind | .[1] as $name | present($kind; if $kind == "secret" then $secrets else $configs end; $name))
    ] | unique_by(.subject, .actual)'
}
