package sidefiles

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gocoreml/coreml/tokenizer/internal/jsontext"
)

// expander fills in what the description of a class leaves open, between two angles on
// each side:
//
//	<<key=value>>       the setting of that name, or else the value
//	<<head?this|that>>  this where the head is neither false nor null; else that, or null
//	<<$name>>, <<#name>> the token of that name as JSON, and its id
//	<<@name=value>>     what expander.computed finds, or else the value
//
// A setting has the type of the value. Where it is null it counts as false, but as the
// value if that is null, and as true if the value is "unset", which is true as well.
type expander struct {
	s    *Side
	from *Source
	id   func(token string) int
	err  error // the first one
}

// expand returns a description without what is open.
func (x *expander) expand(text string) string {
	// The parts that are open may have others within.
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(text, "<<")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		end := closing(rest)
		head, this, asks := cutOutside(rest[:end], '?')
		value := x.value(head)
		if asks {
			this, that, ok := cutOutside(this, '|')
			switch {
			case value != "false" && value != "null":
				value = x.expand(this)
			case ok:
				value = x.expand(that)
			default:
				value = "null"
			}
		}
		b.WriteString(value)
		text = rest[end+len(">>"):]
	}
}

// closing returns the place of the angles that belong to those before a text. The
// descriptions are those of this package, so that they are there.
func closing(text string) int {
	depth := 1
	for i := 0; ; i++ {
		switch {
		case strings.HasPrefix(text[i:], "<<"):
			depth++
			i++
		case strings.HasPrefix(text[i:], ">>"):
			if depth--; depth == 0 {
				return i
			}
			i++
		}
	}
}

// cutOutside cuts a text at the first mark that is not between angles.
func cutOutside(text string, mark byte) (before, after string, found bool) {
	for i := 0; i < len(text); i++ {
		if strings.HasPrefix(text[i:], "<<") {
			i += 2 + closing(text[i+2:]) + 1
		} else if text[i] == mark {
			return text[:i], text[i+1:], true
		}
	}
	return text, "", false
}

// value returns what the head of something open stands for.
func (x *expander) value(head string) string {
	name, value, _ := strings.Cut(head, "=")
	switch head[0] {
	case '$':
		return quoted(x.s.Named(name[1:]))
	case '#':
		return strconv.Itoa(x.id(x.s.Named(name[1:])))
	case '@':
		text, err := x.computed(name[1:], value)
		x.fail(err)
		return text
	}
	text, err := x.s.setting(name, value)
	x.fail(err)
	return text
}

func (x *expander) fail(err error) {
	if x.err == nil {
		x.err = err
	}
}

// setting returns the value of a setting as JSON, or the one that it has without.
func (s *Side) setting(key, without string) (string, error) {
	raw := s.Raw(key)
	null := jsontext.IsNull(raw)
	// The value tells the type: a truth value or null, a text, or a number.
	switch without[0] {
	case 't', 'f', 'u', 'n':
		switch {
		case raw == nil && without == "unset", null && without == "unset":
			return "true", nil
		case raw == nil || null && without == "null":
			return without, nil
		case null:
			return "false", nil
		}
		var is bool
		if json.Unmarshal(raw, &is) != nil {
			return "", errSetting(key, "truth value")
		}
		return strconv.FormatBool(is), nil
	case '"':
		var text string
		if null {
			return without, nil
		}
		if json.Unmarshal(raw, &text) != nil {
			return "", errSetting(key, "text")
		}
		return quoted(text), nil
	}
	var number int
	if null {
		return without, nil
	}
	if json.Unmarshal(raw, &number) != nil {
		return "", errSetting(key, "number")
	}
	return strconv.Itoa(number), nil
}

// computed returns a value that is more than a setting; without is what stands for one
// that cannot be found.
func (x *expander) computed(name, without string) (string, error) {
	switch name {
	case "charsmap":
		return x.charsmap()
	case "llama":
		return x.llama()
	case "whisper":
		return x.whisper()
	case "unk":
		return x.place(0, false, without)
	case "unk0": // the score must be zero
		return x.place(0, true, without)
	case "unk1": // behind the first token, and nothing will do without
		if place, _ := x.place(1, true, ""); place != "" {
			return place, nil
		}
	}
	return "", errUnfit
}

// charsmap returns the first Precompiled normalizer of tokenizer.json, null for none.
func (x *expander) charsmap() (string, error) {
	if x.from == nil || jsontext.IsNull(x.from.Normalizer) {
		return "null", nil
	}
	f, err := readFields(x.from.Normalizer)
	if err != nil {
		return "", err
	}
	// Of a sequence the parts are looked at, but not sequences within it, as the reference
	// does.
	parts := []json.RawMessage{x.from.Normalizer}
	var kind string
	if err := f.read("type", &kind); err != nil {
		return "", err
	}
	if kind == "Sequence" {
		parts = nil // which would be written over
		if err := f.read("normalizers", &parts); err != nil {
			return "", err
		}
	}
	for _, part := range parts {
		f, err := readFields(part)
		if err == nil {
			kind = ""
			err = f.read("type", &kind)
		}
		if err != nil {
			return "", err
		}
		if kind == "Precompiled" && f.has("precompiled_charsmap") {
			return string(part), nil
		}
	}
	return "null", nil
}

// llama returns where spaces become marks (_get_prepend_scheme of tokenization_utils_base).
func (x *expander) llama() (string, error) {
	add, err := x.s.setting("add_prefix_space", "unset")
	if err != nil || add == "false" {
		return `"never"`, err
	}
	legacy, err := x.s.setting("legacy", "false")
	if legacy == "true" {
		return `"always"`, err
	}
	return `"first"`, err
}

// errUnfit says that a class cannot take a vocabulary, whose tokenizer.json then stands.
var errUnfit = errors.New("the class cannot take this vocabulary")

// place returns the place of the unknown token in a list of pieces.
func (x *expander) place(from int, zero bool, without string) (string, error) {
	if i, ok := x.from.Place(x.s.Named("unk_token"), from, zero); ok {
		return strconv.Itoa(i), nil
	}
	return without, nil
}

// whisper returns what Whisper begins a text with: the beginning of a transcript, the
// language and the task where they are set, and that there are no times.
func (x *expander) whisper() (string, error) {
	const begin = "<|startoftranscript|>"
	parts := []string{begin + ":0"}
	var language, task *string
	if err := errors.Join(x.s.Value("language", &language), x.s.Value("task", &task)); err != nil {
		return "", err
	}
	// Tokens of languages follow that of the beginning, in the order of the list.
	if language != nil {
		i := whisperLanguage(strings.ToLower(*language))
		if i < 0 {
			return "", errors.New("language is none that Whisper knows")
		}
		parts = append(parts, begin+"+"+strconv.Itoa(1+i)+":0")
	}
	if task != nil {
		if !slices.Contains([]string{"transcribe", "translate"}, *task) {
			return "", errors.New("task is neither transcribe nor translate")
		}
		parts = append(parts, "<|"+*task+"|>:0")
	}
	times, err := x.s.setting("predict_timestamps", "false")
	if times == "false" {
		parts = append(parts, "<|notimestamps|>:0")
	}
	return strings.Join(parts, " "), err
}
