package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// TestTheReaderOfRequestsSaysWhereATextIsNoJSON holds the sentence for each way in
// which a text can be broken, with the byte at which it is.
func TestTheReaderOfRequestsSaysWhereATextIsNoJSON(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, "byte 0: the text ends where an object is expected"},
		{`[]`, "byte 0: '[' where an object is expected"},
		{`{`, "byte 1: the text ends where a string is expected"},
		{`{a:1}`, "byte 1: 'a' where a string is expected"},
		{`{"a"}`, "byte 4: '}' where a colon is expected"},
		{`{"a":}`, "byte 5: '}' where a value is expected"},
		{`{"a":1`, "byte 6: the text ends where a comma or the end of the object is expected"},
		{`{"a":1]`, "byte 6: ']' where a comma or the end of the object is expected"},
		{`{"a":1,}`, "byte 7: '}' where a string is expected"},
		{`{"a":1} {`, "byte 8: '{' where the end of the text is expected"},
		{`{"a":[1 2]}`, "byte 8: '2' where a comma or the end of the list is expected"},
		{`{"a":[1,]}`, "byte 8: ']' where a value is expected"},
		{`{"a":tru}`, "byte 5: 't' where a value is expected"},
		{`{"a":01}`, "byte 5: a number that starts with 0"},
		{`{"a":-}`, "byte 6: '}' where a digit is expected"},
		{`{"a":1.}`, "byte 7: '}' where a digit is expected"},
		{`{"a":1e+}`, "byte 8: '}' where a digit is expected"},
		{`{"a":"`, "byte 6: the text ends inside a string"},
		{`{"a":"\`, "byte 7: the text ends inside a string"},
		{`{"a":"\x"}`, `byte 7: the escape \x, which JSON does not know`},
		{`{"a":"\u12"}`, `byte 10: an escape \u without four digits`},
		{"{\"a\":\"\n\"}", `byte 6: a string with the control character '\n', which JSON writes as an escape`},
		{`{"a":é}`, "byte 5: 'é' where a value is expected"},
	} {
		_, err := (&jsonText{text: []byte(c.text)}).fieldsOf()
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestWhatCouldBeReadOfABrokenObjectIsThere(t *testing.T) {
	list, err := (&jsonText{text: []byte(` { "id" : [1, {"x":2}] , "op":"a", "z":`)}).fieldsOf()
	if err == nil || len(list) != 2 || string(list[0].value) != `[1, {"x":2}]` || list[1].key != "op" {
		t.Errorf("read %q, %v", list, err)
	}
	list, err = (&jsonText{text: []byte(`{"a":1,"b":2,"a":3,"id":4}`)}).fieldsOf()
	if err == nil || err.Error() != "a: the key comes twice" || len(list) != 3 || list[2].key != "id" {
		t.Errorf("read %q, %v", list, err)
	}
}

func TestAPathLeadsToTheMistake(t *testing.T) {
	cause := errors.New("wrong")
	for _, c := range []struct {
		err  error
		want string
	}{
		{inField("a", cause), "a: wrong"},
		{inField("a", inField("b", cause)), "a.b: wrong"},
		{inField("a", inElement(2, cause)), "a[2]: wrong"},
		{inElement(0, inElement(1, inField("c", cause))), "[0][1].c: wrong"},
		{inField("two words", inField("a.b", cause)), `"two words"."a.b": wrong`},
		{inField("\x1b[31m", cause), `"\x1b[31m": wrong`},
		{inField("a", fmt.Errorf("while reading: %w", inField("b", cause))), "a: while reading: b: wrong"},
	} {
		if c.err.Error() != c.want || !errors.Is(c.err, cause) {
			t.Errorf("got %q, want %q", c.err, c.want)
		}
	}
	if inField("a", nil) != nil || inElement(1, nil) != nil {
		t.Error("no error got a path")
	}
}

func TestValuesOfAnotherKindAreNamed(t *testing.T) {
	text := func(raw []byte) error { _, err := nameOf(raw); return err }
	integer := func(raw []byte) error { _, err := intOf(raw); return err }
	number := func(raw []byte) error { _, err := floatOf(raw); return err }
	names := func(raw []byte) error { _, err := namesOf(raw); return err }
	for _, c := range []struct {
		raw  string
		read func([]byte) error
		want string // empty where it can be read
	}{
		{`"a"`, text, ""},
		{`""`, text, ""},
		{`7`, text, "a number where a string is expected"},
		{`null`, text, "null where a string is expected"},
		{`{}`, text, "an object where a string is expected"},
		{`true`, text, "a bool where a string is expected"},
		{`"` + strings.Repeat("a", maxJSONName) + `"`, text, "a string of more than 65536 bytes"},
		{`7`, integer, ""},
		{`-9223372036854775808`, integer, ""},
		{`9223372036854775808`, integer, "9223372036854775808 is too large for int64"},
		{`1.0`, integer, "1.0 where an integer is expected"},
		{`1e3`, integer, "1e3 where an integer is expected"},
		{`"7"`, integer, "a string where an integer is expected"},
		{`1e3`, number, ""},
		{`"Infinity"`, number, ""},
		{`"infinity"`, number, "a string where a number is expected"},
		{`1e999`, number, "1e999 is too large for float64"},
		{`NaN`, number, `NaN is no number of JSON: write the string "NaN", "Infinity" or "-Infinity", or the array as dtype, shape and base64 data`},
		{`[]`, names, ""},
		{`["a","b"]`, names, ""},
		{`"a"`, names, "a string where a list is expected"},
		{`["a",[]]`, names, "[1]: a list where a string is expected"},
	} {
		err := c.read([]byte(c.raw))
		if got := fmt.Sprint(err); c.want == "" && err != nil || c.want != "" && got != c.want {
			t.Errorf("%s: %v, want %q", shorten([]byte(c.raw)), err, c.want)
		}
	}
}

func TestNumbersThatAreNoneAreWrittenAsTheyAreRead(t *testing.T) {
	for _, x := range []float64{0, -1.5, 1e300, math.Inf(1), math.Inf(-1), math.NaN()} {
		text, err := jsonFloat(x).MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := floatOf(text); err != nil || back != x && !(math.IsNaN(back) && math.IsNaN(x)) {
			t.Errorf("%v is written as %s and read as %v, %v", x, text, back, err)
		}
	}
}

func TestMessagesQuoteTheBeginningOfALongText(t *testing.T) {
	if got := shorten([]byte(strings.Repeat("é", 30))); got != strings.Repeat("é", 20)+"…" {
		t.Errorf("got %q", got)
	}
	// The fortieth byte lies within a character, of which nothing is shown.
	if got := shorten([]byte("a" + strings.Repeat("é", 30))); got != "a"+strings.Repeat("é", 19)+"…" {
		t.Errorf("got %q", got)
	}
}
