#!/bin/bash
# Which tasks run where, for whoever wants to look into one. Pure.

# Services, tasks and nodes as three JSON values on stdin.
running_tasks() {
  jq -nc '
    input as $services | input as $tasks | input as $nodes |
    ($services | map({key: .ID, value: (.Spec.Name | ltrimstr("metals_"))}) | from_entries) as $name |
    ($nodes | map({key: .ID, value: (.Spec.Labels["metals.slot"] // .Description.Hostname)}) | from_entries) as $slot |
    # Of a node or a service that went between two questions nothing is known.
    [$tasks[] | select(.DesiredState == "running" and .Status.State == "running" and $name[.ServiceID] != null and $slot[.NodeID // ""] != null and .Status.ContainerStatus.ContainerID) | {
      service: $name[.ServiceID], replica: (.Slot // null), node: $slot[.NodeID],
      container: .Status.ContainerStatus.ContainerID[:12], since: (.Status.Timestamp // "")[:19]
    }] | sort_by(.service, .replica, .node)'
}
