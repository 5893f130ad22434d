package tokenizer_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer"
)

// callAll calls every exported method of v with zero arguments and gives the error
// of each that has one to check.
func callAll(t *testing.T, v any, check func(t *testing.T, method string, err error)) {
	t.Helper()
	value := reflect.ValueOf(v)
	for i := range value.NumMethod() {
		name, method := value.Type().Method(i).Name, value.Method(i)
		t.Run(value.Type().String()+"."+name, func(t *testing.T) {
			var in []reflect.Value
			for k := range method.Type().NumIn() {
				in = append(in, reflect.Zero(method.Type().In(k)))
			}
			out := method.Call(in) // a panic fails the test
			if n := len(out); n > 0 && out[n-1].Type() == reflect.TypeFor[error]() {
				err, _ := out[n-1].Interface().(error)
				check(t, name, err)
			}
		})
	}
}

func TestWhatNoLoadMadeSaysSo(t *testing.T) {
	for _, v := range []any{
		(*tokenizer.Tokenizer)(nil), new(tokenizer.Tokenizer), (*tokenizer.Decoder)(nil), new(tokenizer.Decoder),
		new(tokenizer.Tokenizer).NewDecoder(true),
	} {
		callAll(t, v, func(t *testing.T, method string, err error) {
			want := "tokenizer: not loaded"
			switch method {
			case "ApplyChatTemplate":
				want = "no chat template"
			case "EncodeBatch", "EncodeBatchContext":
				return // of no inputs there is nothing to encode
			}
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error is %v, want %q", err, want)
			}
		})
	}
	if _, err := new(tokenizer.Tokenizer).EncodeBatch([]tokenizer.Input{{}}, nil); err == nil {
		t.Error("a batch was encoded without a tokenizer")
	}
	if _, err := tokenizer.LoadFS(nil, "."); err == nil || !strings.Contains(err.Error(), "the file system is nil") {
		t.Errorf("a nil file system gave %v", err)
	}
}

func TestZeroValuesDoNotPanic(t *testing.T) {
	for _, v := range []any{
		(*tokenizer.Encoding)(nil), new(tokenizer.Encoding), (*tokenizer.ToolParser)(nil), new(tokenizer.ToolParser),
		new(tokenizer.ToolFormat), new(tokenizer.FormatError), new(tokenizer.TemplateError), new(tokenizer.UnsupportedError),
		new(tokenizer.Message),
	} {
		callAll(t, v, func(*testing.T, string, error) {})
	}
	if text, calls := new(tokenizer.ToolParser).Write("answer"); text != "answer" || calls != nil {
		t.Errorf("a parser of no format gave %q and %v", text, calls)
	}
}
