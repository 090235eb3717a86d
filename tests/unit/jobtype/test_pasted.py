"""What staff paste: commands as a shell reads them, what only a shell understands, and batch scripts of Slurm."""

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.jobtype.pasted.sbatch import is_script, megabytes, minutes_and_more, read_script
from portal.jobtype.pasted.shell import LONGEST, PastedWrongError, read_commands


def words_of(text: str) -> list[tuple[str, ...]]:
    """The words of each command."""
    return [command.texts for command in read_commands(text).commands]


def told_of(text: str) -> list[tuple[str, str]]:
    """(what stands there, what it is) of all that only a shell understands."""
    return [(text[place.start : place.end], place.what) for place in read_commands(text).places]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("convert in.tif -resize 50% out.tif", ["convert", "in.tif", "-resize", "50%", "out.tif"]),
        ("fit --name 'my file' \\\n  --out=res.h5 # done", ["fit", "--name", "my file", "--out=res.h5"]),
        ("fit \"it's\" '' a\\ b", ["fit", "it's", "", "a b"]),
        ('fit "say \\"so\\"" "a\\b" a#b', ["fit", 'say "so"', "a\\b", "a#b"]),
        ("fit é 中\r\n", ["fit", "é", "中"]),
        ("OMP_NUM_THREADS=4 fit --n=4", ["fit", "--n=4"]),
    ],
)
def test_words_are_those_that_the_program_gets(text: str, words: list[str]) -> None:
    assert words_of(text) == [tuple(words)]
    assert told_of(text) == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("fit a | tee log", [("|", "a pipe to another program")]),
        (
            "a && b; c &",
            [("&&", "a second command"), (";", "a second command"), ("&", "a command in the background")],
        ),
        ("fit > out.txt 2>&1", [("> out.txt", "output into a file"), ("2>&1", "a change of the output's place")]),
        ("fit < in.txt", [("< in.txt", "input from a file")]),
        ("fit *.tif", [("*", "a pattern that a shell replaces by names of files")]),
        ("fit $HOME ${X:-3}", [("$HOME", "a variable of the shell"), ("${X:-3}", "a variable of the shell")]),
        ('fit "$1" $(date)', [("$1", "a variable of the shell"), ("$(date)", "the output of another command")]),
        ("fit `date`", [("`date`", "the output of another command")]),
        ("fit ~/x", [("~", "the home folder")]),
        ("fit {a,b}.tif", [("{", "several words in braces, which a shell writes out")]),
        ("fit '*.tif' '$x' a~ {x} 5$", []),
    ],
)
def test_what_only_a_shell_understands_is_told(text: str, told: list[tuple[str, str]]) -> None:
    assert told_of(text) == told


@pytest.mark.parametrize(
    ("text", "start"), [("fit 'abc", 4), ('fit "abc', 4), ("fit $(date", 4), ("fit `date", 4)]
)
def test_what_does_not_end_is_told(text: str, start: int) -> None:
    with pytest.raises(PastedWrongError) as caught:
        read_commands(text)
    assert caught.value.start == start


def test_long_texts_are_refused_and_long_lines_are_quick() -> None:
    with pytest.raises(PastedWrongError):
        read_commands("x" * (LONGEST + 1))
    with pytest.raises(PastedWrongError):
        read_commands("a " * 5000)
    assert len(read_commands("{" * LONGEST).places) == 0
    read_commands("#" * LONGEST)
    read_commands("a\n" * (LONGEST // 2))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.text(st.characters(min_codepoint=1, max_codepoint=0x3FF, exclude_characters="\r"), max_size=12))
)
def test_what_a_shell_quoted_is_read_back(words: list[str]) -> None:
    given_words = ["fit", *words]
    read = read_commands(shlex.join(given_words))
    assert [command.texts for command in read.commands] == [tuple(given_words)]
    assert read.places == []


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab \n'\"\\|&;<>()$`{},*?[]~#=1-"), max_size=40))
def test_whatever_is_pasted_is_read_or_explained(text: str) -> None:
    try:
        read = read_commands(text)
    except PastedWrongError as error:
        assert 0 <= error.start <= len(text)
        return
    for command in read.commands:
        for word in command.words:
            assert 0 <= word.start < word.end <= len(text)
    for place in read.places:
        assert 0 <= place.start < place.end <= len(text) and place.instead
    read_script(text)


SCRIPT = """#!/bin/bash
#SBATCH --job-name=deconv
#SBATCH -c 8 --mem=32G
#SBATCH -t 1-02:30:00
#SBATCH --gres=gpu:a100:2
#SBATCH -p gpu
#SBATCH --array=1-10
#SBATCH --unheard=of
#SBATCH --mem-per-cpu=lots
module load cuda/12
export OMP_NUM_THREADS=8
cd /data/x
echo start
srun -n 4 --mpi=pmix python3 deconv.py --in data/$1.tif --iter 20 > log.txt
python3 after.py
"""


def test_a_batch_script_fills_resources_and_command_and_the_rest_is_told() -> None:
    script = read_script(SCRIPT)
    asked = script.asked
    assert (asked.cpus, asked.memory_of_all_mb, asked.time_s, asked.gpus) == (8, 32 * 1024, 95_400, 2)
    assert (asked.gpu_kind, asked.ranks, asked.name) == ("a100", 4, "deconv")
    assert script.command is not None
    assert script.command.texts == ("python3", "deconv.py", "--in", "data/$1.tif", "--iter", "20")
    assert script.variables == {"OMP_NUM_THREADS": "8"}
    assert [(said.line, said.what.split(" ")[0]) for said in script.said] == [
        (6, "--partition"),
        (7, "--array"),
        (8, "--unheard"),
        (9, "--mem-per-cpu"),
        (10, "module"),
        (12, "cd"),
        (14, "$1"),
        (14, ">"),
        (15, "python3"),
    ]
    assert all(said.instead for said in script.said)


@pytest.mark.parametrize(
    ("text", "gpus", "kind"),
    [
        ("--gres=gpu", 1, None),
        ("--gres=gpu:2", 2, None),
        ("--gres=gpu:a100", 1, "a100"),
        ("--gpus=3", 3, None),
        ("-G h100:4", 4, "h100"),
        ("--gpus-per-node 2", 2, None),
    ],
)
def test_graphics_cards_in_each_way_of_asking(text: str, gpus: int, kind: str | None) -> None:
    asked = read_script(f"#SBATCH {text}\nfit\n").asked
    assert (asked.gpus, asked.gpu_kind) == (gpus, kind)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("30", 1800), ("30:10", 1810), ("1:02:03", 3723), ("2-3", 183_600), ("1-2:3", 93_780), ("2-0:0:5", 172_805)],
)
def test_times_as_slurm_reads_them(text: str, seconds: int) -> None:
    assert minutes_and_more(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "1:2:3:4", "1-", "-1", "1e3", "99999999999"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        minutes_and_more(text)


@pytest.mark.parametrize(
    ("text", "size"), [("512", 512), ("4G", 4096), ("4g", 4096), ("1T", 1024 * 1024), ("2048K", 2), ("4GB", 4096)]
)
def test_sizes_as_slurm_reads_them(text: str, size: int) -> None:
    assert megabytes(text) == size


def test_a_script_is_told_from_a_command() -> None:
    assert is_script(SCRIPT) and is_script("#SBATCH -c 4\nfit")
    assert not is_script("convert in.tif out.tif")
