"""TAB in bash. click's own inserts names as they are: one of two words, or with a `;`, changes the command."""

import os
import re
from typing import ClassVar, Final

from click.shell_completion import BashComplete, CompletionItem, add_completion_class

SOURCE: Final = """\
%(complete_func)s() {
    local IFS=$'\\n' response type value
    response=$(GANTRY_LINE="${COMP_LINE:0:$COMP_POINT}" GANTRY_BREAKS="$COMP_WORDBREAKS" \\
        %(complete_var)s=bash_complete "$1" 2>/dev/null)
    COMPREPLY=()
    while IFS=, read -r type value; do
        case $type in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace ;;
        esac
    done <<< "$response"
    return 0
}
complete -o nosort -F %(complete_func)s %(prog_name)s
"""
_MEANT = re.compile(r"[^\w@%+=:,./-]")
"""What means something to the shell, or could."""
_END = re.compile(r"[|&;()<>\n]")


class GantryBash(BashComplete):
    """Completions that bash inserts as words, whatever is in them."""

    name: ClassVar[str] = "bash"
    source_template: ClassVar[str] = SOURCE

    def get_completion_args(self) -> tuple[list[str], str]:
        """The words before the one at the cursor, and what is there of that."""
        words, self._typed, self._quote, self._begun = split(os.environ.get("GANTRY_LINE", ""))
        return words[1:-1], words[-1]

    def format_completion(self, item: CompletionItem) -> str:
        """The kind and what bash is to put in the place of the part that it replaces: behind the last = or :."""
        if item.type != "plain":
            return f"{item.type},"
        value = str(item.value)
        if self._quote:
            return f"plain,{_within(value[self._begun :], self._quote)}"
        written = _MEANT.sub(lambda found: f"\\{found.group()}", value)
        breaks = [one for one in "=:" if one in os.environ.get("GANTRY_BREAKS", "=:")]
        kept = max((self._typed.rfind(one) + 1 for one in breaks), default=0)
        return f"plain,{written[kept:]}"


def _within(value: str, quote: str) -> str:
    """As it stands behind an opened quotation mark, which bash closes."""
    if quote == "'":
        return value.replace("'", "'\\''")
    return re.sub(r'([\\"$`!])', r"\\\1", value)


def split(line: str) -> tuple[list[str], str, str, int]:
    """The words of a line up to the cursor, the last as it was typed, and the quotation mark that is open in it
    with the number of characters of the word before it."""
    words, word, typed, quote = [""], "", "", ""
    place = begun = 0
    while place < len(line):
        one = line[place]
        pair = line[place : place + 2]
        typed += one
        if quote:
            if one == quote:
                quote = ""
            elif quote == '"' and one == "\\" and pair[1:] in {'"', "\\", "$", "`"}:
                word += pair[1:]
                typed, place = typed + pair[1:], place + 1
            else:
                word += one
        elif one in {"'", '"'}:
            quote, begun = one, len(word)
        elif one == "\\":
            word += pair[1:]
            typed, place = typed + pair[1:], place + 1
        elif one in " \t" or _END.match(one):
            if word or typed.strip():
                words.append("")
            if _END.match(one):
                words = [""]  # another command begins
            word = typed = ""
        else:
            word += one
        words[-1] = word
        place += 1
    return words, typed, quote, begun


def install() -> None:
    """Let `bash` mean this one, for asking and for answering."""
    add_completion_class(GantryBash)
