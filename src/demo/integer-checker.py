def evaluate(expected_output: str, program_output: str) -> bool:
    try:
        return int(expected_output) == int(program_output)
    except ValueError:
        return False
