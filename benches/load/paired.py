"""Rounds, and ratios within a round: whatever else the machine does hits all who are compared."""

import statistics


def rounds(names, count, once, told=None):
    """Measures all, round after round. Every second round backwards: nobody always runs first."""
    done = []
    for number in range(count):
        turn = list(names)[:: 1 if number % 2 == 0 else -1]
        done.append({name: once(name) for name in turn})
        if told:
            told(number + 1, done[-1])
    return done


def median(done, name, key):
    return statistics.median(one[name][key] for one in done)


def spread(values):
    """The median, and the least and the most, of one value for each round."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def figures(done, name, key):
    return spread([one[name][key] for one in done])


def ratio(done, above, below, key):
    # A run too short for a tick of the clock has no CPU time to divide by.
    return spread([one[above][key] / max(one[below][key], 1e-9) for one in done])


def shown(value, digits=2):
    """As it stands in text: the median, and the least to the most."""
    median, least, most = (f"{value[key]:.{digits}f}" for key in ("median", "least", "most"))
    return f"{median} ({least} to {most})"


def table(done, names):
    """All that is said of each in a table: medians, and what they are of the first's."""
    first = next(iter(names))
    return {
        name: {
            "rps": median(done, name, "rps"),
            "p99": median(done, name, "p99"),
            "cpu": median(done, name, "cpu"),
            "rps_of": ratio(done, first, name, "rps"),
            "p99_of": ratio(done, first, name, "p99"),
            "cpu_of": ratio(done, first, name, "cpu"),
        }
        for name in names
    }
