package storage_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/storage"
)

const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 48927\n"

func TestAPointerIsRefusedByEveryReaderOfWholeFiles(t *testing.T) {
	fsys := fstest.MapFS{"f": {Data: []byte(pointer)}}
	_, small := storage.ReadSmall(fsys, "f", 1000)
	_, whole := storage.ReadFile(fsys, "f")
	for name, err := range map[string]error{"ReadSmall": small, "ReadFile": whole} {
		e, ok := errors.AsType[*storage.WrongFileError](err)
		if !ok || !errors.Is(err, storage.ErrLFSPointer) || !errors.Is(err, storage.ErrWrongFile) {
			t.Fatalf("%s: got %v", name, err)
		}
		if e.OID != "sha256:4d7a" || e.Size != 48927 || e.Name != "f" {
			t.Errorf("%s: got %+v", name, e)
		}
	}
}

func TestWhatCannotBeToldIsNotGuessed(t *testing.T) {
	for name, head := range map[string]string{
		"bytes":               "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09",
		"a model file":        "\x08\x09\x12\x10\x0a\x0e\x0a\x05input",
		"text with NULs":      "text\x00text",
		"half of a character": "\xe4\xb8",
	} {
		if kind := storage.KindOf([]byte(head)); kind != storage.KindUnknown {
			t.Errorf("%s is taken for %s", name, kind)
		}
	}
	if err := storage.Sniff("f", []byte("{}"), "", storage.KindJSON); err != nil {
		t.Errorf("an allowed kind: %v", err)
	}
	if err := storage.SniffFile(fstest.MapFS{}, "absent", ""); err != nil {
		t.Errorf("an absent file: %v", err)
	}
}

func TestDrawingsAreNoWebPages(t *testing.T) {
	for head, want := range map[string]storage.FileKind{
		"<svg></svg>":                        storage.KindSVG,
		"\ufeff <SVG width=\"1\">":           storage.KindSVG,
		"<?xml version=\"1.0\"?>\n<svg>":     storage.KindSVG,
		"<!-- drawn by hand -->\n<svg>":      storage.KindSVG,
		"<!DOCTYPE svg PUBLIC \"-//W3C//\">": storage.KindSVG,
		"<!doctype html><svg>":               storage.KindHTML,
		"<?xml version=\"1.0\"?><html><svg>": storage.KindHTML,
		"<?xml version=\"1.0\"?><Error>":     storage.KindHTML,
	} {
		if kind := storage.KindOf([]byte(head)); kind != want {
			t.Errorf("%q is taken for %s, not for %s", head, kind, want)
		}
	}
}

func TestNamesAreQuotedAndBounded(t *testing.T) {
	name := "\x1b[31m" + strings.Repeat("n", 1<<20)
	err := &storage.WrongFileError{Name: name, Kind: storage.KindLFSPointer, OID: "\x1b]0;title\x07"}
	if text := err.Error(); strings.ContainsAny(text, "\x1b\x07") || len(text) > 2000 {
		t.Errorf("%d bytes: %.100q", len(text), text)
	}
}

func TestJSONErrorsSpeakOfTheFile(t *testing.T) {
	var v struct {
		Items []struct {
			Path string `json:"path"`
		} `json:"items"`
	}
	err := storage.JSONError(json.Unmarshal([]byte(`{"items":[{"path":3}]}`), &v))
	if want := `"items.path" is a JSON number where a string is wanted`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if err := storage.JSONError(json.Unmarshal([]byte(`[]`), &v)); err == nil || strings.Contains(err.Error(), "struct") {
		t.Errorf("got %v", err)
	}
}

// FuzzSniff wants an answer for everything, in a line that can be shown.
func FuzzSniff(f *testing.F) {
	for _, s := range []string{pointer, "", "PK\x03\x04", "{", "<html>", "\x08\x07\x12\x07pytorch", "\x02\x00\x00\x00\x00\x00\x00\x00{}", "\xff\xfe"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		err := storage.Sniff("f", head, "")
		if (err == nil) != (storage.KindOf(head) == storage.KindUnknown) {
			t.Fatalf("%v for %q", err, storage.KindOf(head))
		}
		if err != nil && (len(err.Error()) > 1000 || strings.ContainsFunc(err.Error(), func(r rune) bool { return r < ' ' })) {
			t.Fatalf("message %q", err)
		}
	})
}
