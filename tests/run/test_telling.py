"""What is told of a command: what was read, and no argument that nobody asked to keep."""

from __future__ import annotations

from typing import Any

from headway.run.listening import Listener
from headway.run.privacy import hiding, title_of
from headway.run.telling import Telling, amount


class Teller:
    """A job, or a step of it, that writes down what it is told."""

    def __init__(self, said: list[tuple[Any, ...]], name: str = "job") -> None:
        self.said, self.name = said, name

    def set(self, done: float, *, total: float | None, unit: str) -> None:
        self.said.append((self.name, done, total, unit))

    def step(self, name: str) -> Teller:
        self.said.append(("begin", name))
        return Teller(self.said, name)

    def doing(self, text: str) -> None:
        self.said.append(("doing", text))

    def reading(self, field: str, value: float) -> None:
        self.said.append((field, value))

    def close(self) -> None:
        self.said.append(("end", self.name))


class Bench:
    """A listener, a telling and a clock."""

    def __init__(self, *words: str) -> None:
        self.said: list[tuple[Any, ...]] = []
        self.now = 0.0
        self.telling = Telling(Teller(self.said), hiding(words), clock=lambda: self.now)
        self.listener = Listener(words, self.telling)

    def print(self, text: str) -> None:
        self.listener.heard(1, text.encode())
        self.listener.tick()
        self.listener.tick()


def test_a_bar_is_told_once_for_each_change() -> None:
    bench = Bench("program")

    for _ in range(3):
        bench.print("\r  5%|#  | 1/20 [00:04<00:05,  9.97it/s]")
    bench.print("\r 10%|#  | 2/20 [00:04<00:05,  9.97it/s]")

    assert bench.said == [("job", 1, 20, "it"), ("job", 2, 20, "it")]


def test_nested_bars_are_the_job_and_a_step_that_begins_again() -> None:
    bench = Bench("program")
    outer = "\repochs:  0%|#  | {}/2 [00:04<00:05,  9.97it/s]"
    inner = "\n\rbatch:  0%|#  | {}/9 [00:04<00:05,  9.97it/s]\x1b[A"

    bench.print(outer.format(0) + inner.format(8))
    bench.print(outer.format(1) + inner.format(1))
    bench.telling.finish()

    assert bench.said == [
        ("job", 0, 2, "it"), ("begin", "batch"), ("batch", 8, 9, "it"),
        ("job", 1, 2, "it"), ("batch", 1, 9, "it"), ("end", "batch"),
    ]  # fmt: skip


def test_a_part_is_over_when_something_else_is_done() -> None:
    bench = Bench("pip")

    bench.print("  Downloading a-1.whl (3.0 MB)\n   ━━━━━━ 1.0/3.0 MB 9 MB/s eta 0:00:01")
    bench.print("\r   ━━━━━━ 3.0/3.0 MB 9 MB/s eta 0:00:00\nCollecting b\n")

    assert [one for one in bench.said if one[0] in ("begin", "end")] == [
        ("begin", "downloading a-1.whl"),
        ("end", "downloading a-1.whl"),
    ]
    assert ("doing", "collecting b") in bench.said
    assert not [one for one in bench.said if one[0] == "job"]


def test_nothing_recognised_is_no_percent_but_how_much_is_printed() -> None:
    bench = Bench("program")

    bench.now = 2.0
    bench.print("words\n" * 4_000)
    bench.now = 4.0
    bench.listener.tick()

    assert bench.said == [
        ("output_rate", 12_000.0), ("doing", "prints 12 kB/s"),
        ("output_rate", 0.0), ("doing", "prints nothing"),
    ]  # fmt: skip


def test_of_a_word_that_is_an_argument_other_words_may_be_made() -> None:
    hide = hiding(["pip", "install", "torch", "Größe"])

    assert hide("Installing collected packages: torch, torchvision") == (
        "Installing collected packages: …, torchvision"
    )
    assert hide("install torch-2.1 torch_x, install: Größe Größen") == "… …-2.1 …_x, …: … Größen"


def test_arguments_are_hidden_wherever_the_program_prints_them() -> None:
    hide = hiding(["pip", "install", "secret-package", "--token=abcdef", "/a/private/file.txt"])

    assert hide("Collecting secret-package") == "Collecting …"
    assert hide("token abcdef, cannot read file.txt in /a/private/file.txt") == (
        "token …, cannot read … in …"
    )


def test_the_title_is_the_programs_name_alone_and_printable() -> None:
    assert title_of(["/usr/bin/ffmpeg", "-i", "x"]) == "ffmpeg"
    assert title_of(["/usr/bin/ffmpeg", "-i", "x"], keep_args=True) == "ffmpeg -i x"
    assert title_of(["./a\x1b[31m\udcff"]) == "a\ufffd[31m\ufffd"
    assert title_of([""]) == ""


def test_amounts_are_for_people() -> None:
    found = [amount(one) for one in (0, 999, 1_200, 12_000, 3.4e6, 5e9, 7e12)]

    assert found == ["0 B", "999 B", "1.2 kB", "12 kB", "3.4 MB", "5.0 GB", "7000 GB"]
