package jsontext_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// tell tells a case to testdata/gen/tokenizer/cases.py, which asks Python.
func tell(t *testing.T, kind string, c map[string]any) {
	t.Helper()
	told, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Attr(kind, string(told))
}

// Each string is what Python's json makes of the text, but that halves of surrogate
// pairs are U+FFFD here: they are in no text.
func TestAStringIsReadAsPythonReadsIt(t *testing.T) {
	for _, c := range []struct{ name, json, want string }{
		{"nothing", `""`, ""},
		{"text of several bytes", `"aé中🙂"`, "aé中🙂"},
		{"each escape of one letter", `"\"\\\/\b\f\n\r\t"`, "\"\\/\b\f\n\r\t"},
		{"a number", `"\u00e9\u00E9"`, "éé"},
		{"the number of no byte", `"a\u0000b"`, "a\x00b"},
		{"a pair of surrogates", `"\ud83d\ude42"`, "🙂"},
		{"a pair between text", `"a\ud83d\ude42b"`, "a🙂b"},
		{"the last character of all", `"\udbff\udfff"`, "\U0010ffff"},
		{"the first half of a pair alone", `"\ud83d"`, "\ufffd"},
		{"the second half alone", `"\ude42"`, "\ufffd"},
		{"the first half before text", `"\ud83dx"`, "\ufffdx"},
		{"the first half before another escape", `"\ud83d\n"`, "\ufffd\n"},
		{"the first half before a character by its number", `"\ud83d\u0041"`, "\ufffdA"},
		{"the halves in the wrong order", `"\ude42\ud83d"`, "\ufffd\ufffd"},
		{"the first half before a pair", `"\ud83d\ud83d\ude42"`, "\ufffd🙂"},
		{"an escape behind an escape", `"\\u0041"`, `\u0041`},
		{"a delete character, which is no control character to JSON", "\"\x7f\"", "\x7f"},
		{"separators of lines", "\"\u2028\u2029\"", "\u2028\u2029"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := jsontext.Scanner{Data: []byte(c.json + " ,")}
			got, err := s.Str()
			if err != nil {
				t.Fatal(err)
			}
			tell(t, "string", map[string]any{"json": c.json, "want": string(got)})
			if string(got) != c.want || s.Pos != len(c.json) {
				t.Errorf("got %q up to byte %d, want %q up to %d", got, s.Pos, c.want, len(c.json))
			}
		})
	}
}

func TestAStringThatIsNoneIsRefusedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ name, json, want string }{
		{"nothing at all", ``, `expected '"'`},
		{"no quotation mark", `a"`, `expected '"'`},
		{"no end", `"a`, "string without an end"},
		{"no end behind an escape", `"a\n`, "string without an end"},
		{"a backslash at the end", `"a\`, "string without an end"},
		{"a line break", "\"a\nb\"", "control character in a string"},
		{"a line break behind an escape", "\"\\t\n\"", "control character in a string"},
		{"an escape that is none", `"\x41"`, "bad escape"},
		{"a capital escape", `"\N"`, "bad escape"},
		{"a number that is too short", `"\u12"`, "bad escape"},
		{"a number that is none", `"\u12g4"`, "bad escape"},
		{"a number with a sign", `"\u+123"`, "bad escape"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := jsontext.Scanner{Data: []byte(c.json)}
			tell(t, "string", map[string]any{"json": c.json, "want": nil})
			got, err := s.Str()
			if err == nil || !strings.HasSuffix(err.Error(), c.want) || !strings.Contains(err.Error(), "malformed JSON at byte") {
				t.Errorf("got %q and %v, want %s", got, err, c.want)
			}
		})
	}
}

// Python reads bytes that are no UTF-8 as no text at all; files that have them exist.
func TestBytesThatAreNoTextAreReplacedInStrings(t *testing.T) {
	for data, want := range map[string]string{
		"\"a\xffb\"": "a\ufffdb", "\"\xe4\xb8\"": "\ufffd\ufffd", "\"\\n\xff\"": "\n\ufffd",
	} {
		s := jsontext.Scanner{Data: []byte(data)}
		if got, err := s.Str(); err != nil || string(got) != want {
			t.Errorf("%q: got %q (%v), want %q", data, got, err, want)
		}
	}
}

// Strings without escapes are parts of the data: a vocabulary is read without a copy.
func TestAPlainStringIsNotCopied(t *testing.T) {
	data := []byte(`"abc"`)
	s := jsontext.Scanner{Data: data}
	got, err := s.Str()
	if err != nil || &got[0] != &data[1] {
		t.Errorf("got %q (%v), want the memory of the data", got, err)
	}
}

func TestAWholeNumberIsReadUpToItsEnd(t *testing.T) {
	for text, want := range map[string]string{
		"0": "0 at 1", "-7,": "-7 at 2", " \t\n12 ": "12 at 5", "9223372036854775807": "9223372036854775807 at 19", "-9223372036854775808": "-9223372036854775808 at 20",
		"1.5": "1 at 1", "1e3": "1 at 1", // of which what follows fails, since it is neither a comma nor an end
		"": "error", "-": "error", "--1": "error", "1-2": "error", "x": "error", "+1": "error", "9223372036854775808": "error",
	} {
		s := jsontext.Scanner{Data: []byte(text)}
		got := "error"
		if v, err := s.Integer(); err == nil {
			got = fmt.Sprintf("%d at %d", v, s.Pos)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestAnObjectIsWalkedInItsOrderWithWhatIsThereTwice(t *testing.T) {
	s := jsontext.Scanner{Data: []byte(` { "b" : 1 , "a":[2,{"b":3}],"b":4,"\u0063":"5" } `)}
	var got []string
	err := s.Object(func(key []byte) error {
		name := string(key) // which does not outlive the next string
		value, err := s.Skip()
		got = append(got, name+"="+string(value))
		return err
	})
	if want := []string{"b=1", `a=[2,{"b":3}]`, "b=4", `c="5"`}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestAListIsWalkedInItsOrder(t *testing.T) {
	s := jsontext.Scanner{Data: []byte(`[1, 2 ,3]x`)}
	var got []int64
	err := s.Array(func() error {
		v, err := s.Integer()
		got = append(got, v)
		return err
	})
	if err != nil || !slices.Equal(got, []int64{1, 2, 3}) || s.Peek() != 'x' {
		t.Errorf("got %v (%v) up to %q", got, err, s.Peek())
	}
}

func TestAnErrorOfAnElementEndsTheWalk(t *testing.T) {
	boom, calls := errors.New("boom"), 0
	s := jsontext.Scanner{Data: []byte(`[1,2]`)}
	if err := s.Array(func() error { calls++; return boom }); !errors.Is(err, boom) || calls != 1 {
		t.Errorf("got %v after %d calls", err, calls)
	}
}

func TestAValueIsPassedOverWhole(t *testing.T) {
	for _, c := range []struct {
		name, json string
		want       bool // whether it is JSON
	}{
		{"a number", `-1.5e+10`, true},
		{"a constant", `null`, true},
		{"a string with what closes a list", `"]"`, true},
		{"an empty object", `{}`, true},
		{"an empty list", ` [ ] `, true},
		{"lists in objects in lists", `[{"a":[{"b":[]}]}]`, true},
		{"a list without an end", `[1`, false},
		{"an object without an end", `{"a":1`, false},
		{"a comma at the end of a list", `[1,]`, false},
		{"a comma at the end of an object", `{"a":1,}`, false},
		{"two values without a comma", `[1 2]`, false},
		{"a key without a value", `{"a"}`, false},
		{"a key that is no string", `{1:2}`, false},
		{"a key without a colon", `{"a" 1}`, false},
		{"a bracket of the other kind", `[1}`, false},
		{"nothing", ``, false},
		{"only a comma", `,`, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := jsontext.Scanner{Data: []byte(c.json)}
			tell(t, "valid", map[string]any{"json": c.json, "want": c.want})
			got, err := s.Skip()
			if (err == nil) != c.want || c.want && string(got) != strings.TrimSpace(c.json) {
				t.Errorf("got %q (%v)", got, err)
			}
		})
	}
}

// The sections that are passed over are read by encoding/json afterwards, which says
// what is wrong with a word; here only its end matters.
func TestAWordIsPassedOverWithoutReadingIt(t *testing.T) {
	for _, text := range []string{"nul", "truefalse", "1.2.3", "--"} {
		s := jsontext.Scanner{Data: []byte(text + "]")}
		if got, err := s.Skip(); err != nil || string(got) != text {
			t.Errorf("%q: got %q (%v)", text, got, err)
		}
	}
}

func TestDepthIsBoundedSoThatTheStackIs(t *testing.T) {
	for _, c := range []struct {
		name  string
		text  string
		wants string
	}{
		{"200 lists", strings.Repeat("[", 200) + strings.Repeat("]", 200), ""},
		{"201 lists", strings.Repeat("[", 201) + strings.Repeat("]", 201), "nested too deeply"},
		{"a million lists without an end", strings.Repeat("[", 1<<20), "nested too deeply"},
		{"a million objects", strings.Repeat(`{"a":`, 1<<20), "nested too deeply"},
		{"many lists beside each other", "[" + strings.Repeat("[],", 1000) + "[]]", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := jsontext.Scanner{Data: []byte(c.text)}
			_, err := s.Skip()
			if c.wants == "" && err != nil || c.wants != "" && (err == nil || !strings.HasSuffix(err.Error(), c.wants)) {
				t.Errorf("got %v, want %q", err, c.wants)
			}
		})
	}
}

func TestAListOfFieldsNamesThoseThatAreAllowedAndThoseThatMustBe(t *testing.T) {
	const list = "type! vocab! merges dropout"
	for name, want := range map[string]bool{"type": true, "merges": true, "drop": false, "type!": false, "": false, "type vocab": false} {
		if got := jsontext.Allowed(list, name); got != want {
			t.Errorf("%q is allowed: %v, want %v", name, got, want)
		}
	}
	for _, c := range []struct {
		fields map[string]json.RawMessage
		want   string
	}{
		{map[string]json.RawMessage{"type": []byte(`"BPE"`), "vocab": []byte(`{}`)}, ""},
		{map[string]json.RawMessage{"type": []byte(`"BPE"`)}, "vocab"},
		{map[string]json.RawMessage{"type": []byte(`"BPE"`), "vocab": []byte("null")}, "vocab"},
		{nil, "type"},
	} {
		if got := jsontext.Missing(list, c.fields); got != c.want {
			t.Errorf("of %v %q is missing, want %q", c.fields, got, c.want)
		}
	}
}

func TestAnOptionIsOnUnlessTheFileSaysOtherwise(t *testing.T) {
	if on, off := true, false; !jsontext.IsSet(nil) || !jsontext.IsSet(&on) || jsontext.IsSet(&off) {
		t.Error("an option that is not there is on, others are what they say")
	}
	for raw, want := range map[string]bool{"": true, "null": true, "{}": false, " null": false, "0": false} {
		if got := jsontext.IsNull([]byte(raw)); got != want {
			t.Errorf("%q is null: %v, want %v", raw, got, want)
		}
	}
}
