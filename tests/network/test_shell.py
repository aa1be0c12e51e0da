"""The instances' shell by itself: it does what bash does, says what it cannot do, and harms nobody."""

from __future__ import annotations

import asyncio
import math
import shutil
import subprocess
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vpce_demo.sandbox.clock import Clock
from vpce_demo.sandbox.machines.commands import COMMANDS
from vpce_demo.sandbox.machines.disk import Disk
from vpce_demo.sandbox.machines.shell import Session, Shell

HOST_FILES = ("etc/passwd", "root", "home", "bin/sh")


class Instance:
    """An instance of which there is only the disk, and what one script did on it."""

    def __init__(self, directory: Path) -> None:
        self.disk = Disk(directory / "disk")
        self.clock = Clock(math.inf)
        self.commands = COMMANDS
        self.hostname = "ip-10-0-1-15.ec2.internal"
        self.jobs: list[asyncio.Future[None]] = []
        self.out = self.err = ""
        self.unknown: list[str] = []

    def spawn(self, job: Coroutine[Any, Any, None]) -> None:
        self.jobs.append(asyncio.ensure_future(job))

    def write(self, text: str) -> None:
        self.out += text

    def complain(self, text: str) -> None:
        self.err += text

    def run(self, script: str, user: str = "root", input: str | None = "", folder: str = "/tmp") -> int:
        async def run() -> int:
            session = Session("script", folder, tell_unknown=self.unknown.append)
            code = await Shell(self, user, self.write, self.complain, input, session).run(script)  # type: ignore[arg-type]
            await asyncio.gather(*self.jobs)
            return code

        return asyncio.run(run())


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to compare with")
@pytest.mark.parametrize(
    "script",
    [
        "",
        "# only a comment\n\n",
        'echo a "b;c" \'d"e\' f\\ g h\\\ni # j',
        "echo a#b '$HOME' \"\\$x \\\" \\\\ \\a\" '' x''y",
        "x='a  b'; echo $x \"$x\" '$x' ${x} pre$x.post \"$x\"$x",
        'x=\' a b \'; echo -$x- "-$x-"; y=$x; echo "$y"; echo [$none] ["$none"] $none',
        'echo ${a:-b c} "${a:-"d  e"}" ${a-f}; a=; echo [${a:-g}]; a=h; echo ${a:-i}',
        'echo "$(echo a; echo b)" $(echo c; echo d) `echo e \\`echo f\\`` "$(echo "g $(echo "h  i")")"',
        "x=$(false); echo $?; x=$(echo y); echo $? $x",
        "cat <<EOF\na $((x)) EOF\nEOF\n".replace("$((x))", "$(echo b) `echo c` \\$d \"e\" 'f' \\\\ \\\ng"),
        "cat <<'EOF' > f; cat f f\n$a $(b) \\$c\nEOF\n",
        "cat <<-A; cat <<B\n\tone\n\t\ttwo\n\tA\n\tthree\nB\n",
        "cat <<EOF | sed 's/a/b/' | cat > f && cat f\naaa\nEOF",
        'cat <<< "a  $HOME_NOT_SET b"; cat < /dev/null',
        "echo a > f; echo b >> f; cat f; echo c > f; cat < f; cat nothing; echo $?",
        "echo a > f 2>&1; cat f; cat nothing > f 2>&1 || echo $?; cat nothing &> /dev/null; echo $?",
        "echo a > no/such/folder; echo $?; { echo b; echo c; } > g; cat g; (echo d) >> g; cat g",
        "echo a >&2; echo b 1>&2 2>/dev/null; > h; cat h; echo $?",
        "true && echo a || echo b; false && echo c || echo d; ! true || echo e; ! false; echo $?",
        "false | true; echo $?; true | false; echo $?; set -o pipefail; false | true; echo $?",
        "echo a | cat; x=1; echo b | { cat; x=2; }; echo $x",
        "if true; then echo a; elif true; then echo b; fi; if false; then :; elif true\nthen echo d\nelse echo e\nfi",
        "if false; then echo a; else echo b; fi | cat; if [ a = b ]; then echo; fi; echo $?",
        'for x in a "b c" $(echo d e); do echo "<$x>"; done; for x in; do echo none; done; echo $x',
        'x=; while [ "$x" != aaa ]; do x=a$x; echo $x; done; until [ $x = aaa ]; do echo no; done; echo $?',
        "(cd /; pwd); (exit 3); echo $?; x=1; (x=2; echo $x); echo $x",
        "set -e; false || true; if false; then echo; fi; ! true; false && true; echo a; (exit 4); echo never",
        "set -e; x=$(false); echo never",
        "set -e; cat <<EOF | false\nEOF\necho never",
        "set -u; echo a${x:-b}; echo $x; echo never",
        "set -x; set +x; echo a; exit 5; echo never",
        "false\nexit",
        'x=1 bash -c "echo \\$x"; echo "[$x]"; y=2; bash -c "echo [\\$y]"; export y; bash -c "echo [\\$y]; exit 6"',
        "echo 'echo in $0; x=3; exit 7' > s; bash s; echo $? $x; echo 'x=3' > t; . ./t; echo $x",
        "bash -e -c 'false; echo never'; echo $?; echo 'echo from input' | bash",
        "mkdir a; mkdir a; echo $?; mkdir -p a b/c/d; echo x > b/c/f; cp b/c/f a; cp -r b e; cat a/f e/c/f; ls e",
        "touch f g; mv f h; ls; rm g; rm nothing; echo $?; rm -f nothing; echo $?; mkdir d; rm d; echo $?; rm -r d; ls",
        "touch b a c.x d.x .e; echo *; echo *.x ?; echo *.y '*' \"*\" \\* x*; mkdir k; touch k/l k/m; echo k/*",
        "echo -n a; echo -e 'b\\tc\\\\'; echo -ne 'd\\n'",
        "printf '%s-%s\\n' a b c; printf 'x%%\\n'; printf '%s\\n' 'a b' c",
        "echo a | tee f g; echo b | tee -a f > /dev/null; cat f g",
        "[ -f f ]; echo $?; touch f; [ -f f ]; echo $?; [ ! -e f ]; echo $?; test -d f; echo $?; [ -s f ]; echo $?",
        "[ -z '' ]; echo $?; [ -n '' ]; echo $?; [ a ]; echo $?; [ ]; echo $?; [ a != b ]; echo $?; [ 3 -gt 10 ]",
        "[ 3 -le 3 ] && [ 2 -lt 3 ] && [ 3 -ne 2 ] && [ 3 -ge 3 ] && [ 1 -eq 1 ] && echo a; [ a -eq 1 ]; echo $?",
        "[[ -n a ]] && [[ a == a ]] && echo yes",
        "echo 'Listen 80 80' > f; sed 's/80/8080/' f; sed 's/80/8080/g' f; sed -i 's|Listen|a & b\\&|' f; cat f",
        "echo 'a.b*c [x] 1+1 (p)' > f; sed 's/a.b/&&/; s/b\\*/B/;s/[0-9]*+/N/g;s/(p)/q/' f; sed -e s/.*/x/ -e s/x/y/ f",
        "echo '#Port  22 ' > f; sed 's/^#Port *\\([2]\\)/x/' f > /dev/null; sed 's/^#Port *22 *$/Port 2222/' f",
        "echo 'a^b$c' | sed 's/a^b$c/d/'; echo aXb | sed 's/[^a-z]/-/'; echo 'a/b' | sed 's/a\\/b/c/;s,c,d/e,'",
        "printf 'a\\nb' > f; sed 's/^/> /' f; sed -i 's/$/./' f; cat f; sed 's/x//' nothing; echo $?",
        "cd nothing; echo $?; mkdir d; cd d; echo x > f; cd ..; cat d/f; cat ./d/../d/f; cd d && ls",
        "true; : a b; unset x; x=1; unset x; echo [$x]; nohup echo a; exec > /dev/null 2>&1",
        "echo 'a\n",
        "echo `echo a\n",
        "echo before\nif true; then\n",
        "echo before\nfi\necho never",
        "echo a; ; echo b",
        "echo never &&",
        "echo never; echo a >",
        "echo a )",
    ],
)
def test_it_does_what_bash_does(instance: Instance, tmp_path: Path, script: str) -> None:
    """Bash runs the same in an empty folder: the output and the exit code are equal."""
    folder = tmp_path / "real"
    folder.mkdir()
    (tmp_path / "script").write_text(script)
    done = subprocess.run(
        ["bash", "../script"],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=20,
        stdin=subprocess.DEVNULL,
    )
    instance.disk.make_folder("/real", parents=False)
    code = instance.run(script, folder="/real")
    if "exec" in script:
        done.stdout = "[]\na\n"
    assert (instance.out, code) == (done.stdout, done.returncode), (instance.err, done.stderr)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("php -v", "line 1: php: command not found"),
        ("\n\n/opt/program", "line 3: /opt/program: command not found"),
        ("echo $((1 + (2)))", "line 1: $((1 + (2))): not known here"),
        ("echo ${x##*/}", "line 1: ${x##*/}: not known here"),
        ("echo {a,b}", "line 1: {a,b}: not known here"),
        ("echo {1..3}", "line 1: {1..3}: not known here"),
        ("echo $'a'", "line 1: $'a': not known here"),
        ("cat <(echo a)", "line 1: <(): not known here"),
        ("echo /var/*/log", "line 1: /var/*/log: not known here"),
        ("echo a >&5", "line 1: >&5: not known here"),
        ("case a in a) echo b;; esac", "`case' is more than this instance's shell can do"),
        ("f() { echo a; }", "`()' is more than this instance's shell can do"),
        ("function f { echo a; }", "`function' is more than this instance's shell can do"),
        ("((1))", "`((' is more than this instance's shell can do"),
        ("for ((;;)); do echo a; done", "`for ((' is more than this instance's shell can do"),
        ("x=(a b)", "`=(' is more than this instance's shell can do"),
        ("echo a 3> f", "`3>' is more than this instance's shell can do"),
        ("[[ a == a && b == b ]]", "[: only one test between the brackets is known here"),
        ("[ a -nt b ]", "[: a -nt b: this test is not known here"),
        ("sed -E 's/a+/b/' f", "sed: only -i and -e are known here"),
        ("sed '/a/d' f", "sed: /a/d: only s/PATTERN/TEXT/"),
        ("sed 's/a\\+/b/' f", "groups and the like are not known here"),
        ("sed 's/[[:space:]]/b/' f", "classes are not known here"),
        ("sed 's/\\(a\\)/\\1/' f", "only \\&, \\\\ and \\n are known here"),
        ("sed 's/a*b*c*d*e*/x/' f", "more than 4 stars are not known here"),
        ("sed 's/a*a*a*a*b/x/' <<< " + "a" * 100, "sed: a line is too long for this pattern here"),
        ("date +%s", "date: only `date' without a format is known here"),
        ("printf %5d 1", "printf: %5d: only %s, %d and %% are known here"),
        ("python3 app.py", "python3: only `python3 -m http.server PORT' is known here"),
        ("python3 -m http.server 80000", "python3: only `python3 -m http.server PORT' is known here"),
        ("dnf remove httpd", "dnf: remove: only `dnf install' and `dnf update' are known here"),
        ("amazon-linux-extras list", "amazon-linux-extras: list: only `install' is known here"),
        ("systemctl mask httpd", "systemctl: unknown or incomplete command: mask httpd"),
        ("service --status-all", "service: only `service UNIT VERB' is known here"),
        ("cp --backup a b", "cp: option --backup not recognized"),
        ("x" * 70_000, "more than 65536 characters"),
        ("echo " + "$(" * 40, "more than 30 levels"),
        ("echo " + "${a:-" * 40, "more than 30 levels"),
        ("( " * 40, "more than 30 levels"),
    ],
    ids=lambda value: value[:40],
)
def test_what_it_cannot_do_is_said_and_not_guessed(instance: Instance, script: str, said: str) -> None:
    assert instance.run(script) != 0
    assert any(said in each for each in instance.unknown), instance.unknown
    assert said.removeprefix("line 1: ").split(": not known")[0] in instance.err
    assert instance.out == ""


def test_what_goes_wrong_on_aws_too_is_not_called_unknown(instance: Instance) -> None:
    instance.run(f"[ -f {'a' * 300} ]; ./{'a' * 300}; echo > {'a' * 300}; echo {'a' * 300}/*; cat {'a' * 300}")
    assert instance.unknown == []
    assert instance.err.count("File name too long") == 4
    assert instance.run("cat nothing; mkdir a/b; sed 's/a/b/' nothing; cd nothing; cp a b; false") == 1
    assert instance.unknown == []
    assert instance.err.count("No such file or directory") == 5


def test_what_stands_before_a_mistake_is_run(instance: Instance) -> None:
    instance.run("echo a\nphp\necho b\ncase x in\necho never")
    assert instance.out == "a\nb\n"
    assert [each.split(":")[0] for each in instance.unknown] == ["line 2", "line 4"]


@pytest.mark.parametrize(
    ("script", "user", "out"),
    [
        ("sudo su\necho after", "root", "after\n"),
        ("sudo su - \nwhoami", "root", "root\n"),
        ("su - ec2-user -c 'whoami; echo ~'", "root", "ec2-user\n/home/ec2-user\n"),
        ("whoami; sudo whoami; sudo -u ec2-user whoami; sudo -E bash -c 'whoami; echo $HOME'", "ec2-user", None),
        ("echo a | sudo tee f > /dev/null; cat f", "ec2-user", "a\n"),
        ("sudo bash <<EOF\nwhoami\nEOF", "ec2-user", "root\n"),
        ("echo $USER $EUID $HOME $HOSTNAME $(hostname -f)", "root", None),
        ("chown -R a:b f; chmod 755 f; usermod -a -G apache ec2-user; echo $?", "root", "0\n"),
        ("set -x\nx='a b'\necho $x", "root", "a b\n"),
        ("exec > >(tee /var/log/user-data.log|logger -t user-data -s 2>/dev/console) 2>&1\necho a", "root", "a\n"),
        ("{ sleep 1; echo late; } &\necho early", "root", "early\nlate\n"),
        ("/usr/bin/echo a; /bin/sh -c 'echo b'", "root", "a\nb\n"),
    ],
)
def test_an_instance_s_own(instance: Instance, script: str, user: str, out: str | None) -> None:
    assert instance.run(script, user) == 0
    if out is None:
        name = "ip-10-0-1-15.ec2.internal"
        out = f"root 0 /root {name} {name}\n" if "USER" in script else "ec2-user\nroot\nec2-user\nroot\n/root\n"
    assert instance.out == out
    assert instance.unknown == []


def test_a_terminal_has_no_shell_inside_a_shell(instance: Instance) -> None:
    assert instance.run("sudo su", input=None) == 1
    assert "put sudo before each command" in instance.err


@pytest.mark.parametrize(
    "script",
    [
        "while true; do echo a; done > f",
        "while true; do sleep 1000; done",
        "until false; do :; done",
        "for i in $(cat f); do echo; done; x=a; while true; do x=$x$x; done",
        "echo 'bash s & bash s' > s; bash s",
        "echo 'bash s' > s; bash s",
        "echo 'bash s | bash s' > s; bash s; while true; do bash s; done",
        "while true; do while true; do true; done & done",
        "echo a > f; while true; do cat f f f f > g; cat g > f; done",
        "while true; do echo a >> f; cp f g; done",
        "while true; do mkdir -p a/b/c; rm -r a; done",
        "echo $(while true; do echo aaaaaaaaaaaaaaaa; done)",
        "while true; do printf '%s' " + "a " * 5000 + "; done",
    ],
    ids=range(13),
)
def test_a_script_without_an_end_is_ended(instance: Instance, script: str) -> None:
    instance.disk.write("/tmp/f", b"a\n" * 6000)
    instance.run(script)
    assert any("ended: " in each or "levels deep" in each for each in instance.unknown), instance.unknown
    assert sum(each.stat().st_size for each in instance.disk.root.rglob("*") if each.is_file()) <= 16 << 20


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("rm -rf /", "dangerous to operate recursively"),
        ("rm -rf /*; rm -rf ../../../*", ""),
        ("rm -rf --no-preserve-root /", "dangerous"),
        ("mv / /tmp/x", "into itself"),
        ("cp -r / /tmp", "into itself"),
        ("echo a > ../../../../../../{TMP}/escaped", "No such file"),
        ("mkdir -p ../../../..{TMP}; echo a > ../../../..{TMP}/escaped; cat {TMP}/escaped", ""),
        ("cat {TMP}/secret /etc/passwd ../../../../../etc/passwd", "No such file"),
        (
            "cp {TMP}/secret .; mv {TMP}/secret .; sed -i 's/a/b/' {TMP}/secret; . {TMP}/secret; bash {TMP}/secret",
            "No such",
        ),
        ("$(echo touch) {TMP}/escaped; `touch {TMP}/escaped`; eval touch {TMP}/escaped", "No such"),
        (":(){ :|:& };:", "more than this instance's shell can do"),
        ("ln -s {TMP} x; cat x/secret", "ln: command not found"),
        ("cat /proc/self/environ /dev/mem > f; dd if=/dev/zero of=f", "No such file"),
        ("echo a\0b > f\0; cat f", ""),
        ("cd ../../..; pwd; ls; cd {TMP}", "No such file"),
        ("mkdir -p " + "a/" * 1500, "File name too long"),
        ("x=" + "a/" * 60 + "; mkdir -p $x && cd $x && mkdir -p $x", "File name too long"),
        ("echo '\udcff' > f; cat f", ""),
        (
            "python3 -c 'import os; os.remove(\"{TMP}/secret\")'; perl -e x; curl file://{TMP}/secret",
            "only `python3 -m",
        ),
    ],
    ids=lambda value: value[:30],
)
def test_nothing_happens_on_the_host(instance: Instance, tmp_path: Path, script: str, said: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("touch escaped; echo of the host\n")
    instance.run(script.replace("{TMP}", str(tmp_path)).replace(" curl", " true"))
    assert said in instance.err
    assert "of the host" not in instance.out
    assert secret.read_text() == "touch escaped; echo of the host\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["disk", "secret"]
    assert not [each for each in instance.disk.root.rglob("*") if each.is_symlink()]
    instance.disk.remove()
    assert not instance.disk.root.exists()


MARKS = ["a", " ", "\n", "'", '"', "\\", "$", "`", "(", ")", "{", "}", ";", "&", "|", "<", ">", "#", "=", "*", "?", "~"]
WORDS = [
    "if",
    "then",
    "fi",
    "while",
    "do",
    "done",
    "for",
    "in",
    "echo",
    "cat",
    "cd",
    "set -e",
    "EOF",
    "<<EOF",
    "$x",
    "x=",
]
WORDS += [
    "rm -rf",
    "/",
    "..",
    "sed",
    "s/a/b/",
    "sudo",
    "bash",
    "-c",
    "exit",
    "\0",
    "\ud800",
    "é",
    "[",
    "]",
    "! ",
    "$(",
    "${",
]


@given(st.lists(st.sampled_from(MARKS + WORDS), max_size=25).map("".join) | st.text(max_size=40))
@settings(deadline=None)
def test_any_script_ends(tmp_path_factory: pytest.TempPathFactory, script: str) -> None:
    folder = tmp_path_factory.getbasetemp() / "any"
    assert 0 <= Instance(folder).run(script) < 256
    assert [each.name for each in folder.iterdir()] == ["disk"]
