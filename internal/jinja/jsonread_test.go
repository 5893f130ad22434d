package jinja_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/internal/jinja"
)

// plain makes of a value what encoding/json makes of JSON.
func plain(v jinja.Value) any {
	switch v := v.(type) {
	case *jinja.List:
		out := []any{}
		for _, item := range v.Items {
			out = append(out, plain(item))
		}
		return out
	case *jinja.Dict:
		out := map[string]any{}
		for k, item := range v.All() {
			out[fmt.Sprint(k)] = plain(item)
		}
		return out
	case int64:
		return float64(v)
	}
	return v
}

// agree compares with encoding/json, which the reader stands in for.
func agree(t *testing.T, text string) {
	t.Helper()
	got, err := jinja.FromJSON(t.Context(), []byte(text))
	var want any
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	wantErr := d.Decode(&want)
	if wantErr == nil && d.More() {
		wantErr = fmt.Errorf("more")
	}
	switch {
	case wantErr == nil && !json.Valid([]byte(text)):
		wantErr = fmt.Errorf("invalid")
	case wantErr == nil && err != nil && strings.Contains(err.Error(), "nested too deeply"):
		return
	case wantErr == nil && err != nil && strings.Contains(err.Error(), "digits"):
		return
	case wantErr == nil && err != nil && strings.Contains(err.Error(), "out of range"):
		return
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%.100q: got %v, %v, want %v, %v", text, got, err, want, wantErr)
	}
	if err == nil && !strings.ContainsAny(text, "0123456789") && !reflect.DeepEqual(plain(got), want) {
		t.Fatalf("%.100q: got %v, want %v", text, plain(got), want)
	}
}

func TestJSONIsReadAsByTheLibrary(t *testing.T) {
	long := strings.Repeat("x", 256<<10)
	for _, text := range []string{
		`null`, `true`, `[false]`, `nul`, `nullx`, `tru`, ``, ` `, `"a"`, `"`, `"\`, `"\u00`, `"\u00e9"`, `"\ud83d\ude00"`, `"\ud83d"`, `"\ud83dx"`, `"\x"`,
		"\"\x01\"", "\"\xff\"", "\"\n\"", `[]`, `[ ]`, `[1]`, `[1,]`, `[,1]`, `[1 2]`, `[`, `]`, `{}`, `{"a":{}}`, `{"a"}`, `{"a":1,}`, `{a:1}`, `{"a":1 "b":2}`, `{"a" : [ null , { } ] }`,
		`{"a":"x","a":"y"}`, `01`, `-`, `-0`, `1.`, `.5`, `1e`, `1e5`, `+1`, `1-2`, `1 2`, `{} {}`, `[1]]`, "\ufeff1",
		`"` + long + `"`, `"` + long + `\ud83d\ude00"`, `"` + long[1:] + `\ud83d\ude00"`, `"` + long[6:] + `\ud83d\ude00x"`, `"` + long[7:] + `\ud83d\ude00x"`, `"` + long[5:] + `\ud83d\ude00x"`,
		`"` + long[2:] + `é€😀"`, `"` + long[1:] + `é€😀"`, `"` + long[1:] + `\\\""`, `"` + long + `\"`, `"` + strings.Repeat(`\ud83d\ude00`, 60_000) + `"`, `"` + strings.Repeat(`\ud83d`, 60_000) + `"`,
	} {
		agree(t, text)
	}
}

// TestNumbersOfManyDigitsAreRefused guards conversions that take the square of
// the number of digits: millions of them would take hours.
func TestNumbersOfManyDigitsAreRefused(t *testing.T) {
	digits := strings.Repeat("9", attackSize)
	if _, err := jinja.FromJSON(t.Context(), []byte("["+digits+"]")); err == nil {
		t.Error("FromJSON took it")
	}
	if _, err := jinja.FromGo(t.Context(), json.Number(digits)); err == nil {
		t.Error("FromGo took it")
	}
	if _, err := jinja.FromGo(t.Context(), new(big.Int).Lsh(big.NewInt(1), 1<<20)); err == nil {
		t.Error("FromGo took a large number")
	}
	if v, err := jinja.FromJSON(t.Context(), []byte(digits[:4000])); err != nil {
		t.Errorf("4000 digits: %v, %v", v, err)
	}
}

func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,2.5,"x\u00e9",null]}`, `"\ud83d\ude00"`, `[[[]]]`, `-1e3`, `{"":""}`} {
		f.Add(seed)
	}
	f.Fuzz(agree)
}
