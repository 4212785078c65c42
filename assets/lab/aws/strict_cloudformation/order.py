"""The order of resources that do not depend on each other: any, drawn from a seed, where ministack sorts by name."""
import os
import random

from ministack.services.cloudformation import engine, stacks

from .patching import wrap

# The lab's seed (`--seed`), as the gateway hands it on.
SEED_VARIABLE = "LAB_SEED"
DEFAULT_SEED = "1"

generator = random.Random(os.environ.get(SEED_VARIABLE, DEFAULT_SEED))


def random_order(resources, conditions, numbers):
    """Logical ids, each after all that it depends on; raises ValueError as ministack does for a circle."""
    active = {
        name
        for name, definition in resources.items()
        if not definition.get("Condition") or conditions.get(definition["Condition"], True)
    }
    waiting = {name: engine._extract_deps(resources[name], active) - {name} for name in active}
    order = []
    while waiting:
        # Sorted first, so that the seed alone decides.
        ready = sorted(name for name, dependencies in waiting.items() if not dependencies & waiting.keys())
        if not ready:
            raise ValueError(f"Circular dependency detected among resources: {', '.join(sorted(waiting))}")
        chosen = numbers.choice(ready)
        order.append(chosen)
        del waiting[chosen]
    return order


def install():
    def make(_sort_by_name):
        return lambda resources, conditions: random_order(resources, conditions, generator)

    wrap(stacks, "_topological_sort", make)
