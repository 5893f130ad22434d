package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// otherVariables are the variables that the sources beside the command read by name.
func otherVariables(t *testing.T) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && filepath.Base(filepath.Dir(path)) == "cmd" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, found := range readsVariable.FindAllStringSubmatch(string(text), -1) {
			list = append(list, found[1]+found[2])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// settle writes a file of settings and makes it the one that calls read.
func settle(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv(envConfig, path)
	return path
}

func TestWhatIsWrongWithAFileOfSettings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"temprature: 1", `line 1: there is no flag "temprature" (did you mean "temperature"?)`},
		{"# a\n\nbnch:\n  rounds: 1", `line 3: there is no flag "bnch" (did you mean "bench"?)`},
		{"generate:\n  rounds: 1", `line 2: there is no flag "rounds" of generate`},
		{"help: true", `there is no flag "help"`},
		{"temperature: 1\ntemperature: 2", `line 2: "temperature" is set in line 1 already`},
		{"temperature:", "line 1: temperature: it has no value"},
		{"temperature: [1, 2]", "it takes one value, and this is a list"},
		{"temperature: {a: 1}", "it takes a value, and this is a list of names with values"},
		{"stop: [[a]]", "a value is a text, a number, true or false"},
		{"a: &x 1\nstop: *x", `there is no flag "a"`},
		{"stop: [&x a, *x]", "references to other values are not supported"},
		{"stop: &x [*x]", "references to other values are not supported"},
		{"<<: {temperature: 1}", `there is no flag "<<"`},
		{"? [a]\n: b", "line 1: a name is a text"},
		{"- temperature", "line 1: the settings are names of flags with their values"},
		{"generate: 1", `there is no flag "generate"`},
		{"generate: {temperature: 1}\n---\nx: 1", "there is a second document"},
		{"temperature: \"1", "unexpected end"},
		{"\x00", "control characters"},
		{"temperature: 1\n  top-k: 2", "line"},
		{strings.Repeat("[", 1<<16), "max depth"},
		{"# " + strings.Repeat("x", mostSettings), "larger than what is read of it"},
		{"\x1b]0;title\a: 1", "control characters"},
		{`"\e]0;title": 1`, `there is no flag "\x1b]0;title"`},
	} {
		path := settle(t, c.text)
		r := call(t, "generate", "x")
		if r.status != exitUsage || !strings.Contains(r.err, c.want) || !strings.Contains(r.err, filepath.Base(path)) || strings.Count(r.err, "\n") != 1 || strings.ContainsAny(r.err, "\x1b\a") {
			t.Errorf("%.60q: status %d, %q, want %q", c.text, r.status, r.err, c.want)
		}
		// The command that shows settings says the same, and goes on.
		call(t, "config").want(t, exitFailure, "problem: ", "")
	}
}

func TestAFileOfSettingsMayBeEmpty(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "null", "{}", "\ufeff# a mark\n"} {
		settle(t, text)
		call(t, "config").want(t, exitOK, "settings in", "")
		call(t, "tokenize", "Once").want(t, exitOK, "Once", "")
	}
}

func TestSettingsAreReadAsTheyAreWritten(t *testing.T) {
	settle(t, `
stop: [" child", 0.10, "a, b"]
template-var: {enable_thinking: false, words: '["a"]'}
temperature: 0.70
forced-eos: [1, 2]
raw: yes
embed:
  normalize: false
`)
	r := call(t, "config", "--json")
	r.want(t, exitOK, `" child",`, "")
	for _, want := range []string{`"0.10"`, `"a, b"`, `"enable_thinking=false"`, `"words=[\"a\"]"`, `"0.70"`, `"source": "file"`, `"yes"`} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%s is missing in %s", want, r.out)
		}
	}
	call(t, "config", "embed").want(t, exitOK, "--normalize", "")
}

func TestVariablesOfFlagsThatAreGivenManyTimes(t *testing.T) {
	t.Setenv("COREML_STOP", " child\n there\r\n")
	t.Setenv("COREML_SUPPRESS_TOKENS", "1,2\n3")
	r := call(t, "config", "generate", "--json")
	r.want(t, exitOK, `" there"`, "")
	if out := call(t, "generate", "Once upon a time", "--temperature", "0", "-n", "20", "--json"); !strings.Contains(out.out, `"finish_reason":"stop_string"`) {
		t.Errorf("a stop of the variable has no effect: %s", out.out)
	}
}

func TestASettingWithoutEffectIsNoMistake(t *testing.T) {
	t.Setenv("COREML_LENGTH_PENALTY", "2")
	if r := call(t, "generate", "x", "-n", "1", "-q"); r.err != "" {
		t.Errorf("standard error has %q", r.err)
	}
	call(t, "generate", "x", "-n", "1", "-q", "--length-penalty", "2").want(t, exitOK, "", "--length-penalty has no effect")
}

// TestTheEnginesVariableIsTheLibrarys holds what COREML_ENGINE has always meant: an
// engine for those that are chosen automatically.
func TestTheEnginesVariableIsTheLibrarys(t *testing.T) {
	settle(t, "engine: framework")
	t.Setenv("COREML_ENGINE", "portable")
	call(t, "generate", "Once", "-n", "1", "-q").want(t, exitOK, "", "")
	call(t, "config", "generate").want(t, exitOK, "COREML_ENGINE, for generate", "")
	settle(t, "engine: portable")
	t.Setenv("COREML_ENGINE", "")
	call(t, "config", "generate").want(t, exitOK, "line 1, for generate", "")
}

func TestSecretsAreNotShown(t *testing.T) {
	path := settle(t, "token: hf_secret")
	r := call(t, "config", "--json")
	r.want(t, exitOK, `"secret": true`, "")
	if text := call(t, "config"); strings.Contains(r.out+text.out, "hf_secret") || !strings.Contains(text.out, "(secret)") {
		t.Errorf("a secret is shown: %s%s", r.out, text.out)
	}
	if runtime.GOOS == "windows" {
		return
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	call(t, "config").want(t, exitFailure, "problem: other users of this system may read the file", "")
	call(t, "pull", "org/name", "--offline").want(t, exitFailure, "", "chmod 600")
	if r := call(t, "tokenize", "Once"); strings.Contains(r.err, "chmod") {
		t.Errorf("a call without the secret tells of it: %s", r.err)
	}
}
