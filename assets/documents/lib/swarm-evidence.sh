#!/bin/bash
# What the Swarm knows that may explain a fault, bounded to what Systems Manager keeps of an output. Pure.

# networks.json of the release that was deployed last from here: of a network that was not allocated Docker tells no range.
newest_networks() {
  local file
  file=$({ find "${METALS_STATE_FOLDER}/releases" -mindepth 2 -maxdepth 2 -name networks.json -printf '%T@ %p\n' 2>/dev/null || true; } | sort -rn | head -n 1)
  cat "${file#* }" 2>/dev/null || echo '[]'
}

# Nodes, services, tasks, networks, the lease, the wanted networks and what converged last as seven JSON values on stdin; of all
# stacks, because they share the nodes.
swarm_evidence() { # STAGE
  jq -nc --arg stage "$1" "${AS_DEPLOYED}"'
    input as $nodes | input as $services | input as $tasks | input as $networks | input as $lease | input as $wanted_networks | input as $serving |
    def short($length): if . == null or length <= $length then . else .[:$length] + "…" end;
    def ended: .Status.State | IN("complete", "failed", "rejected", "orphaned", "shutdown", "remove");
    ($nodes | map({key: .ID, value: (.Spec.Labels["metals.slot"] // .Description.Hostname)}) | from_entries) as $slot |
    ($services | map({key: .ID, value: .}) | from_entries) as $service |
    ($networks | map(select(.Scope == "swarm")) ) as $overlays |
    ($overlays | map({key: .Id, value: .Name}) | from_entries) as $network |
    def name: $service[.ServiceID].Spec.Name | ltrimstr("metals_");
    [$tasks[] | select($service[.ServiceID] != null)] as $known |
    def seconds: .[:19] + "Z" | fromdate;
    # Of each place the task that is to run, and the one before it, if that has just failed: why it is not there.
    [$known | group_by([.ServiceID, .Slot // .NodeID // ""])[] | sort_by(.CreatedAt)
      | ([.[] | select(.DesiredState | IN("running", "ready", "complete"))] | last) as $wanted
      | select($wanted != null and ($wanted.Status.State | IN("running", "complete") | not))
      | $wanted, ([.[] | select(.ID != $wanted.ID)] | last // empty | select(.Status.State | IN("failed", "rejected"))
          | select(($wanted.CreatedAt | seconds) - (.Status.Timestamp | seconds) < 600))
      | {
        service: name, task: .ID[:12], state: .Status.State, since: (.Status.Timestamp // "")[:19], node: ($slot[.NodeID // ""] // null),
        error: (.Status.Err // .Status.Message // "" | short(400)), exit_code: (.Status.ContainerStatus.ExitCode // null),
        container: (.Status.ContainerStatus.ContainerID // "" | if . == "" then null else .[:12] end)
      }] as $all_away |
    # A few of a kind say what all of them do.
    [$all_away | group_by([.service, .state, .error])[] | .[:3]] as $kinds |
    ([$kinds[] | .[0]] + [$kinds[] | .[1:][]] | .[:30]) as $away |
    {
      stage: $stage, at: (now | todate),
      nodes: [$nodes[] | .ID as $id | [$known[] | select(.NodeID == $id and (ended | not)) | .Spec.Resources.Reservations // {}] as $reserved | {
        id: .ID, slot: $slot[.ID], role: .Spec.Role, state: .Status.State, availability: .Spec.Availability, message: (.Status.Message | short(200)),
        manager: (if .ManagerStatus then (if .ManagerStatus.Leader then "leader" else .ManagerStatus.Reachability end) else null end),
        labels: (.Spec.Labels // {}),
        memory_bytes: (.Description.Resources.MemoryBytes // 0), nano_cpus: (.Description.Resources.NanoCPUs // 0),
        reserved_memory_bytes: ([$reserved[].MemoryBytes // 0] | add // 0), reserved_nano_cpus: ([$reserved[].NanoCPUs // 0] | add // 0)
      }],
      services: [$services[] | select(.Spec.Labels["com.docker.stack.namespace"] == "metals" or (.Spec.Name | ltrimstr("metals_") | IN($all_away[].service))) | .ID as $id | {
        name: (.Spec.Name | ltrimstr("metals_")),
        constraints: (.Spec.TaskTemplate.Placement.Constraints // []), max_per_node: (.Spec.TaskTemplate.Placement.MaxReplicas // 0),
        memory_bytes: (.Spec.TaskTemplate.Resources.Reservations.MemoryBytes // 0), nano_cpus: (.Spec.TaskTemplate.Resources.Reservations.NanoCPUs // 0),
        memory_limit_bytes: (.Spec.TaskTemplate.Resources.Limits.MemoryBytes // 0),
        networks: [.Spec.TaskTemplate.Networks // [] | .[].Target | $network[.] // .],
        failed: ([$known[] | select(.ServiceID == $id and (.Status.State | IN("failed", "rejected")))] | length)
      }] | sort_by(.name),
      away: ($away | sort_by(.service, .since)), away_count: ($all_away | length),
      networks: [$overlays[] | .Id as $id | {
        name: .Name, subnet: (.Name as $name | .IPAM.Config // [] | .[0].Subnet // ([$wanted_networks[] | select(.name == $name) | .subnet] | first)), ingress: (.Ingress // false),
        encrypted: ((.Options // {}) | has("encrypted")), allocated: ((.Driver // "") != "" and .IPAM.Config != null),
        # An address for each: its gateway, each node that has tasks on it, each service with a virtual address, each task.
        addresses: {
          tasks: ([$known[] | select((ended | not) and any(.NetworksAttachments // [] | .[]; .Network.ID == $id))] | length),
          waiting: ([$known[] | select(.Status.State == "new" and .DesiredState == "running" and any($service[.ServiceID].Spec.TaskTemplate.Networks // [] | .[]; .Target == $id))] | length),
          services: ([$services[] | .Endpoint.VirtualIPs // [] | .[] | select(.NetworkID == $id)] | length),
          nodes: ([$known[] | select((ended | not) and any(.NetworksAttachments // [] | .[]; .Network.ID == $id)) | .NodeID] | unique | length)
        }
      }],
      # Where each edge is, for what the nodes say of each other.
      edges: [$known[] | select(name == "edge" and .Status.State == "running" and .DesiredState == "running") | . as $task | .NetworksAttachments // [] | .[].Addresses // [] | .[]
        | {address: sub("/.*$"; ""), slot: ($slot[$task.NodeID] // null), since: ($task.Status.Timestamp // "")[:19]}],
      # What a person has changed by hand since: images and configs. Nothing while a deployment is under way.
      drift: (if $lease != null or $serving == null then [] else
        deployed($serving) as $deployed |
        [$services | own_services[] | select(.Spec.Mode.ReplicatedJob | not) | short_name as $service | .Spec.TaskTemplate.ContainerSpec as $is
          | ($service | image($deployed) | select(. != null and $is.Image != .) | {service: $service, what: "image", is: $is.Image, deployed: .}),
            ($is.Configs // [] | .[].ConfigName | config($deployed) | select(.hash != .deployed) | {service: $service, what: "config \(.stem)", is: .hash, deployed})]
        + [$deployed | with_images | . as $service | select(any($services[]; short_name == $service) | not) | {service: $service, what: "service", is: null, deployed: null}]
        | map(.is |= short(90) | .deployed |= short(90)) | .[:8] end),
      lease: (if $lease == null then null else $lease.Spec.Labels | {
        document: .["com.metals.lease.document"], slot: .["com.metals.lease.slot"], command: .["com.metals.lease.command"],
        since: .["com.metals.lease.since"], expires_in_seconds: ((.["com.metals.lease.expires"] // "0" | tonumber) - now | floor)
      } end)
    }'
}
