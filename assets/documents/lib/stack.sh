#!/bin/bash
# What the Swarm runs, seen through Docker's API: tasks that run on nodes that are Ready, not what `service ls` hopes.
STACK=metals

require_manager() {
  [[ $(docker_query /info | jq -r .Swarm.ControlAvailable) == true ]] ||
    fail "this node is no manager of a Swarm (state: $(swarm_state))" "deploy the stack metals-<stage>-swarm first"
  local answer
  answer=$(docker_query /nodes 2>/dev/null) ||
    fail "this manager cannot speak for the Swarm: $(told "${answer}")" \
      "let a majority of the managers come back, by themselves or after a look at what keeps them; if their volumes are lost for good: ./bin/metals recover"
}

stack_services() { docker_query /services "{\"label\":[\"com.docker.stack.namespace=${STACK}\"]}"; }
stack_tasks() { docker_query /tasks "{\"label\":[\"com.docker.stack.namespace=${STACK}\"]}"; }
stack_networks() { docker_query /networks '{"label":["com.metals.pipeline=true"]}'; }

# One JSON value: nodes, services with their replicas and problems, networks.
# A task of a service with a health check runs only once it is healthy, so `healthy` counts running tasks too; and only
# tasks made from the service's present specification count, so an update that has not begun is not taken for done.
stack_state() {
  local nodes services tasks networks
  # Through a pipe, not as arguments or in files: it may be long, and whoever is killed leaves nothing.
  nodes=$(docker_query /nodes)
  services=$(stack_services)
  tasks=$(stack_tasks)
  networks=$(stack_networks)
  # shellcheck disable=SC2016 # jq's variables, not the shell's
  printf '%s\n' "${nodes}" "${services}" "${tasks}" "${networks}" | jq -n '
    input as $nodes | input as $services | input as $tasks | input as $networks |
    ($nodes | map({key: .ID, value: {
        name: (.Spec.Labels["metals.slot"] // .Description.Hostname), state: .Status.State, availability: .Spec.Availability
      }}) | from_entries) as $node |
    def ready: $node[.NodeID // ""].state == "ready";
    # An unhealthy container that ends gracefully leaves a task that is complete, without an error.
    def reason:
      .Status.Err // (if .Status.State == "complete"
        then "ended with exit code \(.Status.ContainerStatus.ExitCode // 0) though it should run on, as a container does that is stopped as unhealthy"
        else .Status.Message // "" end);
    def problem: {
      task_id: .ID, task_state: .Status.State, error: reason, node: ($node[.NodeID // ""].name // "none"),
      timestamp: .Status.Timestamp
    };
    def ended: .Status.State | IN("failed", "rejected", "orphaned", "complete");
    def unfinished: .Status.State | IN("pending", "new", "assigned", "preparing", "starting");
    def status($service):
      ($service.Spec.Mode) as $mode | ($service.Spec.TaskTemplate.ContainerSpec) as $spec |
      map(select(.ServiceID == $service.ID)) as $all |
      ($all | map(select(.Spec.ContainerSpec == $spec))) as $present |
      (if $mode.ReplicatedJob then
        ($service.JobStatus.JobIteration.Index // 0) as $iteration |
        ($all | map(select((.JobIteration.Index // 0) == $iteration))) as $job |
        {
          mode: "replicated-job", desired: ($mode.ReplicatedJob.TotalCompletions // 1),
          running: ($job | map(select(.Status.State == "complete")) | length),
          # Docker begins it no more: each of its attempts has failed.
          given_up: (($job | map(select(.Status.State | IN("failed", "rejected"))) | length) > ($service.Spec.TaskTemplate.RestartPolicy.MaxAttempts // infinite)
            and all($job[]; .Status.State | IN("complete", "failed", "rejected", "shutdown", "remove", "orphaned")))
        }
      elif $mode.Global then {
        mode: "global", desired: ($node | map(select(.state == "ready" and .availability == "active")) | length),
        running: ($present | map(select(.DesiredState == "running" and .Status.State == "running" and ready)) | length)
      } else {
        mode: "replicated", desired: ($mode.Replicated.Replicas // 1),
        running: ($present | map(select(.DesiredState == "running" and .Status.State == "running" and ready)) | length)
      } end) as $count |
      ($count + {
        id: $service.ID, name: ($service.Spec.Name | ltrimstr("metals_")), image: $spec.Image,
        healthy: $count.running, update_state: ($service.UpdateStatus.State // null),
        update_message: ($service.UpdateStatus.Message // null),
        # It stands still for a document that says how many replicas it had: events-rewind.
        standstill: ($service.Spec.Labels["com.metals.rewind.replicas"] // null),
        # Of the few that Docker remembers for each place.
        failed_tasks: ($all | map(select(.Status.State | IN("failed", "rejected"))) | length),
        memory_limit_bytes: ($service.Spec.TaskTemplate.Resources.Limits.MemoryBytes // null),
        # How many replicas its deployment says, where an operator wants another number: scale.sh.
        deployed_replicas: ($service.Spec.Labels["com.metals.scale.from"] // "" | if . == "" then null else tonumber end)
      }) as $row |
      (($row.update_state // "") | test("paused|rollback")) as $returned |
      # Slots of a replicated service, nodes of a global one, whose present task runs: what failed there before is history.
      ($present | map(select(.DesiredState == "running" and .Status.State == "running" and ready) | .Slot // .NodeID)) as $served |
      $row + {problems: (
        if $row.running >= $row.desired and ($returned | not) then []
        else ($all | map(select((.Spec.ContainerSpec == $spec and .DesiredState == "running" and .Status.State == "running") | not))
          | map(select($returned or (.Slot // .NodeID | IN($served[]) | not)))
          | sort_by(.CreatedAt // .Status.Timestamp) | reverse) as $suspects |
          [($suspects[] | select(ended)), ($suspects[] | select(unfinished))] | map(problem) | .[:3] end)};
    {
      nodes: ($nodes | map({
        id: .ID, hostname: .Description.Hostname, slot: (.Spec.Labels["metals.slot"] // null), role: .Spec.Role,
        availability: .Spec.Availability, state: .Status.State,
        address: ((.ManagerStatus.Addr // .Status.Addr // "") | sub(":[0-9]+$"; "")),
        manager: (if .ManagerStatus then (if .ManagerStatus.Leader then "leader" else .ManagerStatus.Reachability end) else null end),
        engine_version: .Description.Engine.EngineVersion
      }) | sort_by(.slot)),
      services: ($services | map(. as $service | $tasks | status($service)) | sort_by(.name)),
      networks: ($networks | map({
        name: .Name, subnet: (.IPAM.Config[0].Subnet // null),
        encrypted: ((.Options // {}) | has("encrypted")),
        allocated: ((.Driver // "") != "" and .IPAM.Config != null)
      }) | sort_by(.name))
    } | .overlay_encryption = (if any(.networks[]; .encrypted) then "on" else "off" end)
      | .generated_at = (now | todate)'
}

# `docker stack deploy` keeps the image that a service has, whoever has set it, as long as its own label names the one that
# is asked for (cli/command/stack: deployServices): without the label it puts that one back.
forget_images_by_hand() {
  local name
  while read -r name; do
    [[ -n ${name} ]] || continue
    log "somebody has set the image of ${name} by hand: it is put back"
    docker service update --detach --no-resolve-image --label-rm com.docker.stack.image "${name}" >/dev/null
  done < <(stack_services | jq -r '.[].Spec | .Labels["com.docker.stack.image"] as $image
    | select((.Mode.ReplicatedJob | not) and $image != null and .TaskTemplate.ContainerSpec.Image != $image) | .Name')
}

# Of the release; what the files do not name stays as it is, unless it is pruned.
deploy_files() { # [--prune] FILE…
  local argument options=() refusal
  forget_images_by_hand
  for argument in "$@"; do
    if [[ ${argument} == --* ]]; then options+=("${argument}"); else options+=(-c "${argument}"); fi
  done
  refusal=$(cd "${RELEASE}" && docker stack deploy --resolve-image never "${options[@]}" "${STACK}" 2>&1) ||
    fail "docker refused the stack: $(tail -n 5 <<<"${refusal}")"
}
