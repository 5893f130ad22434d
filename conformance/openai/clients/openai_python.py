"""The suite of the openai package of PyPI: python openai_python.py [PART-OF-A-NAME]."""
import openai

import openai_chat, openai_errors, openai_responses  # noqa: F401, E401: they add their checks
import suite

suite.main(f"openai-python {openai.__version__}")
