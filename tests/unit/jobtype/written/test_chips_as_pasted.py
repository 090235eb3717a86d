"""A word that is made an option reaches the program as it was pasted, as long as nobody changes its value."""

import shlex

import pytest
import yaml

from portal.jobtype.written.chips import to_option, words_of
from portal.jobtype.written.start import empty
from portal.web.views.drafts.pasted import with_pasted
from wrappers.launch.filling import View, fill
from wrappers.launch.marks import parse_argument


@pytest.mark.parametrize(
    ("line", "places"),
    [
        ("convert in.tif -resize 50% -level 5%,95% -rotate -90 +repage -fill 'dark red' out.png", (3, 5, 7, 10)),
        ("python3 fit.py --sigma=2.5 --mode=fast --label='two words' --offset=-3 --run=007", (2, 3, 4, 5, 6)),
        ("samtools view -b -q 30 -@ 4 reads.sorted.bam", (1, 4, 6)),
        ("find in -mtime +3 -size +0.5 -newer -7", (3, 5, 7)),
        (
            "merge -f one -f two -D KEY=1 -D OTHER=2 --unit 10nm --from 007nm --name 'it is  µm'",
            (2, 4, 6, 8, 10, 12, 14),
        ),
    ],
    ids=["ImageMagick", "flag=value", "subcommand", "signs", "repeated"],
)
def test_the_command_with_its_first_values_is_the_pasted_one(line: str, places: tuple[int, ...]) -> None:
    text, _ = with_pasted(empty("Shrink", "Sam"), line)
    for place in places:
        text = to_option(text, place).text
    command = [parse_argument(word, "command") for word in words_of(text)]
    values = {one["name"]: one["default"] for one in yaml.safe_load(text)["options"]}
    assert fill(command, values, View("/job", {})) == shlex.split(line)
