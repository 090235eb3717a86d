def collect_step(deps, now):
    return False
