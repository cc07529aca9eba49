"""What is taken out of foreign words."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.dialects.comfyui.story import Listener, ended, entry, graph, item

from headway.dialects.comfyui.history import entry_of
from headway.dialects.comfyui.privacy import error_class, secrets_of, submitter
from headway.model.events import Ended

PROMPT = "a xylophone in the quagmire"


def failed(message: str, **more: object) -> list[object]:
    found = item(raw=graph(prompt=PROMPT), client_id="me", api_key_comfy_org="sk-very-secret")
    error = ended(
        "execution_error",
        node_type="CLIPTextEncode",
        exception_type="builtins.ValueError",
        exception_message=message,
        traceback=[f'  File "/home/ann/ComfyUI/nodes.py", line 3\n    encode("{PROMPT}")\n'],
        **more,
    )
    body = json.loads(entry(found, error))["a"]
    return [body, entry_of(body)]


def test_an_error_is_kept_without_the_texts_of_its_graph() -> None:
    _, found = failed(f"cannot encode {PROMPT!r}: too long")

    assert found.why == "builtins.ValueError: cannot encode '[…]': too long of CLIPTextEncode"
    assert PROMPT not in found.detail
    assert "ann" not in found.detail


def test_single_words_of_a_prompt_are_taken_out_as_well() -> None:
    _, found = failed("no token for Xylophone")

    assert "xylophone" not in found.why.lower()


def test_the_inputs_of_the_failing_node_are_taken_out() -> None:
    _, found = failed("bad value: composed elsewhere", current_inputs={"x": ["composed elsewhere"]})

    assert "composed" not in found.why


def test_without_a_graph_only_the_class_of_an_error_is_kept() -> None:
    body, _ = failed(f"cannot encode {PROMPT}")
    body["prompt"] = None

    found = entry_of(body)

    assert found.why == "builtins.ValueError of CLIPTextEncode"
    assert found.detail == ""


def test_a_text_with_breaks_and_quotes_is_taken_out_in_every_form() -> None:
    said = 'first line\n"second" line'
    secrets = secrets_of(graph(prompt=said))

    assert secrets is not None
    scrubbed = secrets.scrub(f"{said} {said!r} first line")
    assert "first line" not in scrubbed
    assert "second" not in scrubbed


def test_an_error_class_is_a_name_or_nothing() -> None:
    assert error_class("torch.OutOfMemoryError") == "torch.OutOfMemoryError"
    assert error_class("a lighthouse at dusk") == "error"


def test_a_submitter_is_a_digest() -> None:
    assert submitter("my-client") == submitter("my-client") != submitter("other")
    assert "client" not in submitter("my-client")
    assert submitter(None) == ""


def test_no_word_of_a_prompt_and_no_key_is_in_any_event() -> None:
    ear = Listener()
    mine = item(
        created=0, raw=graph(prompt=PROMPT), client_id="someone", auth_token_comfy_org="tok-1234"
    )
    ear.queue(pending=[mine])
    ear.queue(running=[mine])
    ear.say(f"!!! Exception during processing !!! {PROMPT}\n")
    ear.queue()
    ear.history(
        "a", entry(mine, ended("execution_error", exception_message=PROMPT, exception_type="E"))
    )

    told = repr(ear.events)
    for secret in ("xylophone", "quagmire", "blurry", "tok-1234", "someone"):
        assert secret not in told
    assert ear.of(Ended)


def test_prompts_are_kept_if_everybodys_may_be() -> None:
    ear = Listener(keep_prompts=True)
    from tests.dialects.comfyui.story import queue

    from headway.dialects.comfyui.queue import read_queue

    body = queue(running=[item(raw=graph(prompt=PROMPT))])
    ear.take(ear.ears.listing(read_queue(body, with_texts=True), ear.now))

    assert ear.job().meta["prompt"] == f"{PROMPT}\nblurry"


@settings(max_examples=100)
@given(st.text(min_size=4), st.text(), st.text())
def test_no_text_of_a_graph_survives(said: str, before: str, after: str) -> None:
    secrets = secrets_of({"1": {"inputs": {"text": said}}})

    assert secrets is not None
    scrubbed = secrets.scrub(f"{before}{said}{after}")
    clean = said.encode("utf-8", "replace").decode().replace("\x00", "")
    assert clean not in scrubbed or clean in "[…]" or clean in before + "[…]" + after
