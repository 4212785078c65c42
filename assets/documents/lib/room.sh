#!/bin/bash
# Whether a Swarm has room for a stack. Pure: nothing here asks or changes anything.

# A line for each service that would wait for a node for ever. needs.json says what a task of each service reserves and where
# it may run. All tasks of the stack are placed anew beside what others have reserved: services with the fewest nodes first,
# of these the largest first, each task on the node with the most memory left. A service that starts its new task before the
# old one ends needs room for one more. Whoever finds no place here finds none by Swarm's scheduler, which packs no better.
room_problems() { # needs.json, nodes, tasks, the services of the stack, as four JSON values on stdin
  jq -nr '
    input as $needs | input as $nodes | input as $tasks | input as $services |
    def ended: .Status.State | IN("complete", "failed", "rejected", "orphaned", "shutdown", "remove");
    def mib: . / 1048576 | floor | "\(.) MiB of memory";
    def cpus: . / 10000000 | round / 100 | "\(.) CPUs";
    # What a constraint speaks of; nothing where only the node itself could tell.
    def property($node):
      if . == "node.role" then $node.Spec.Role
      elif . == "node.id" then $node.ID
      elif . == "node.hostname" then $node.Description.Hostname
      elif startswith("node.labels.") then $node.Spec.Labels[ltrimstr("node.labels.")] // ""
      else null end;
    # Of a node, how many tasks of each service have been placed there; needs.json of a bundle says no limit.
    def is_full_of($need): ($need.max_per_node // 0) > 0 and (.tasks[$need.name] // 0) >= $need.max_per_node;
    def is_met_by($node):
      capture("^ *(?<key>[^ !=]+) *(?<operator>[!=]=) *(?<value>.*?) *$") | .operator as $operator
      | (.value | ascii_downcase) as $value | (.key | property($node)) as $is
      | $is == null or (($is | ascii_downcase) == $value) == ($operator == "==");
    [$services[].ID] as $own |
    [$nodes[] | select(.Status.State == "ready" and .Spec.Availability == "active") | . as $node
      | [$tasks[] | select(.NodeID == $node.ID and (ended | not) and (.ServiceID | IN($own[]) | not)) | .Spec.Resources.Reservations // {}] as $others
      | {node: ., name: (.Spec.Labels["metals.slot"] // .Description.Hostname),
          tasks: {}, cpu: ((.Description.Resources.NanoCPUs // 0) - ([$others[].NanoCPUs // 0] | add // 0)),
          memory: ((.Description.Resources.MemoryBytes // 0) - ([$others[].MemoryBytes // 0] | add // 0))}] as $places |
    [$needs[] | . as $need
      | (if .start_first and any($services[]; .Spec.Name == "metals_\($need.name)") then 1 else 0 end) as $extra
      | .hosts = [range($places | length) | select(. as $at | all($need.constraints[]; is_met_by($places[$at].node)))]
      | .count = (if .global then .hosts | length else .replicas + $extra end) | .extra = $extra] as $wanted |
    ($wanted[] | select(.hosts == [] and (.global or .count > 0)) | .name as $name
      | [.constraints[] | select(. as $constraint | any($places[]; . as $place | $constraint | is_met_by($place.node)) | not)]
      | "service \($name) may run on no node that is ready and active: "
        + (if length > 0 then "none has \(join(", "))" else "none meets all of its constraints" end)),
    ([$wanted[] | select(.hosts != []) | . as $need
        | if .global then .hosts[] | {need: $need, hosts: [.]} else range(.count) | {need: $need, hosts: $need.hosts} end]
      | sort_by((.hosts | length), - .need.memory_bytes)
      | reduce .[] as $task ({left: $places, homeless: []};
          $task.need as $need | .left as $left
          | [$task.hosts[] | select(($left[.] | is_full_of($need) | not) and $left[.].memory >= $need.memory_bytes and $left[.].cpu >= $need.nano_cpus)] as $fitting
          | if $fitting == [] then .homeless += [$task]
            else ($fitting | max_by($left[.].memory)) as $at
              | .left[$at].memory -= $need.memory_bytes | .left[$at].cpu -= $need.nano_cpus | .left[$at].tasks[$need.name] += 1 end)
      | .left as $left | .homeless | group_by(.need.name)[] | .[0].need as $need
      | "service \($need.name): no room for \(length) of \($need.count) tasks\(if $need.extra > 0 then " (one of them while it is updated)" else "" end)"
        + ", each of \($need.memory_bytes | mib) and \($need.nano_cpus | cpus): "
        + ([.[].hosts[]] | unique | map($left[.] | if is_full_of($need) then "\(.name) may have no more than \($need.max_per_node) of them"
            else "\(.name) lacks " + ([
              (($need.memory_bytes - .memory) | select(. > 0) | mib), (($need.nano_cpus - .cpu) | select(. > 0) | cpus)] | join(" and ")) end) | join(", ")))'
}
