package main

import (
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// FuzzSettingsFile reads files of settings: what is kept is of flags that there are,
// and an error is one line.
func FuzzSettingsFile(f *testing.F) {
	for _, seed := range []string{
		"model: org/name\ngenerate:\n  stop: [a, b]\n", "template-var: {a: 1}", "stop: [&x a, *x]", "? [a]\n: b", "---\n...\n---", "generate: {generate: {}}", "\ufeff", "a: !!binary x",
	} {
		f.Add(seed)
	}
	var c cli
	parser, err := kong.New(&c, kong.Vars(synthVars()), kong.PostBuild(needValues))
	if err != nil {
		f.Fatal(err)
	}
	flags := map[string]bool{}
	for _, verb := range parser.Model.Children {
		for _, flag := range verbFlags(verb) {
			flags[flag.Name] = true
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		file := &settingsFile{all: map[string]flagSetting{}, verbs: map[string]map[string]flagSetting{}}
		if err := file.parse([]byte(text), parser.Model); err != nil {
			if shown := plain(err.Error()); shown == "" || strings.ContainsAny(shown, "\n\x1b") {
				t.Errorf("%q gives %q", text, shown)
			}
			return
		}
		for name, set := range file.all {
			if !flags[name] || set.line < 1 || set.from == "" {
				t.Errorf("%q sets %q to %+v", text, name, set)
			}
		}
	})
}

// FuzzTypedLine completes lines: every candidate begins as the word does, or is what
// stands behind an equals sign in it.
func FuzzTypedLine(f *testing.F) {
	for _, seed := range []string{"coreml ", "coreml generate --eng", `coreml generate --model "a b`, "coreml generate -- -x", "coreml edit a b --merge x=y", "coreml generate -m", `\`, "coreml man g"} {
		f.Add(seed)
	}
	f.Setenv("HF_HUB_CACHE", f.TempDir())
	f.Chdir(f.TempDir())
	var c cli
	parser, err := kong.New(&c, kong.Vars(synthVars()), kong.PostBuild(needValues))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, line string) {
		// Folders of the system are not what is tried here.
		if strings.ContainsAny(line, `/\~.`) {
			line = strings.NewReplacer("/", "", "~", "", ".", "").Replace(line)
		}
		words := shellWords(line)
		for _, c := range candidates(t.Context(), parser.Model, words) {
			if !strings.HasPrefix(c.word, words[len(words)-1]) {
				t.Errorf("%q is completed by %q", line, c.word)
			}
		}
	})
}
