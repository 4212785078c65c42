#!/bin/bash
# What is wrong with a network of the stack, from what Docker's API says about it. Nothing here asks or changes anything.

# A network whose subnet collides is created all the same, stays unallocated, and holds its tasks in state New for ever.
network_problem() { # WANTED, an entry of networks.json; the network as it is on stdin
  jq -r --argjson wanted "$1" '
    ((.Options // {}) | has("encrypted")) as $encrypted |
    if (.Driver // "") == "" or .IPAM.Config == null then "is not allocated: its subnet \($wanted.subnet) overlaps another network"
    elif .IPAM.Config[0].Subnet != $wanted.subnet then "has the subnet \(.IPAM.Config[0].Subnet), expected \($wanted.subnet)"
    elif $encrypted != $wanted.encrypted then "has encryption \($encrypted), expected \($wanted.encrypted)"
    elif (.Internal // false) != $wanted.internal then "is internal: \(.Internal // false), expected \($wanted.internal)"
    elif .Attachable then "is attachable"
    else "" end'
}

# The networks whose subnets overlap one that the stack wants, as JSON: name, subnet, owner and the command that removes it.
overlapping_networks() { # NAME SUBNET, all networks of the node on stdin
  jq -c --arg name "$1" --arg subnet "$2" '
    def number: split(".") | map(tonumber) | reduce .[] as $byte (0; . * 256 + $byte);
    def range: split("/") as [$address, $length] | {first: ($address | number), length: ($length | tonumber)};
    def block($bits): pow(2; 32 - $bits) as $size | (.first / $size) | floor;
    def overlaps($other): ([.length, $other.length] | min) as $bits | block($bits) == ($other | block($bits));
    ($subnet | range) as $wanted |
    [.[] | select(.Name != $name) | (.Labels // {}) as $labels
      | . as $network | (.IPAM.Config // [])[] | select(.Subnet // "" | test("^[0-9.]+/[0-9]+$"))
      | select(.Subnet | range | overlaps($wanted))
      | ($labels["com.docker.stack.namespace"] // null) as $stack
      | {
          name: $network.Name, subnet: .Subnet,
          owner: (if $stack then "of the stack \($stack)" elif $network.Name == "ingress" then "of the Swarm itself" else "of no stack" end),
          command: (if $stack then "docker stack rm \($stack)"
            elif $network.Name | IN("ingress", "bridge", "docker_gwbridge") then null
            else "docker network rm \($network.Name)" end)
        }]'
}
