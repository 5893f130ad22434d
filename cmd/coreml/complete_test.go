package main

import (
	"testing"

	"github.com/alecthomas/kong"
)

// TestPlaceholdersSayWhichFilesAreWanted has the forms in use, and what comes of them.
func TestPlaceholdersSayWhichFilesAreWanted(t *testing.T) {
	models, folders, files := wantedPath{models: true}, wantedPath{folders: true}, wantedPath{files: true}
	anything := wantedPath{folders: true, files: true, repos: true}
	for form, want := range map[string]wantedPath{
		"MODEL": models, "[ID=]MODEL": models, "NAME=PACKAGE[:FUNCTION]": models,
		"DIR": folders, "DIR[=SCALE]": folders, "NAME=DIR": folders, "[ID:]NAME=DIR[=SCALE]": folders,
		"FILE": files, "NAME=FILE": files, "FILE.npy": {files: true, ending: ".npy"},
		"PATH": anything, "[ID=]PATH": anything,
		"TEXT": {}, "N": {}, "NAME=JSON": {}, "ID,ID=BIAS": {}, "HOST:PORT": {}, "": {},
	} {
		flag := &kong.Flag{Value: &kong.Value{Name: "x", Tag: &kong.Tag{PlaceHolder: form}}, PlaceHolder: form}
		flag.Flag = flag
		got, ok := wantedOf(flag.Value)
		if got != want || ok != (want != wantedPath{}) {
			t.Errorf("%s: %+v, %v, want %+v", form, got, ok, want)
		}
	}
}

// TestWhatAHelpIsAboutIsShort has the descriptions beside candidates.
func TestWhatAHelpIsAboutIsShort(t *testing.T) {
	for help, want := range map[string]string{
		"":                            "",
		"Show the version.":           "Show the version",
		"One thing. And another one.": "One thing",
		"A very long first sentence that goes on; and on, and on, until nobody reads it any more.": "A very long first sentence that goes on",
		"Short: a very long rest of a sentence that goes on and on until nobody reads it.":         "Short: a very long rest of a sentence that goes on and on u…",
		"With a \x1b[31mcolour.": `With a \x1b[31mcolour`,
	} {
		if got := brief(help); got != want {
			t.Errorf("%q is %q, want %q", help, got, want)
		}
	}
}
