package jinja_test

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/jinja"
)

// foreign is what must not reach a terminal as it is: an escape sequence, a bell,
// a line break, a mark that turns the direction of writing, and a byte that is
// no text.
const foreign = "\x1b]0;owned\x07\x1b[2J\r\n\u202ereversed\xff"

// TestWhatATemplateSaysReachesNoTerminalRaw makes errors of all kinds with
// foreign text in every place that errors cite.
func TestWhatATemplateSaysReachesNoTerminalRaw(t *testing.T) {
	vars := jinja.NewDict()
	vars.Set("f", foreign)
	vars.Set("long", strings.Repeat(foreign, 1<<16))
	d := jinja.NewDict()
	d.Set(foreign, int64(1))
	vars.Set("d", d)
	for _, text := range []string{
		"{{ raise_exception(f) }}", "{{ raise_exception(long) }}", "{{ raise_exception([f]) }}", "{{ raise_exception('" + foreign + "') }}",
		"{{ f.x.y }}", "{{ d[f ~ 'x'].y }}", "{{ d[long].y }}", "{{ (d|attr(f)).y }}", "{{ d[(f, 1)].y }}", "{{ [][f].y }}", "{{ d['__' ~ f].y }}",
		"{{ 1|map(f)|list }}", "{{ [1]|map(f)|list }}", "{{ [1]|map(long)|list }}", "{{ [1]|select(f)|list }}", "{{ 'a'.format(**d) }}{{ ('{' ~ f ~ '}').format() }}",
		"{{ ('%' ~ f) % 1 }}", "{{ '%\x1b' % 1 }}", "{{ ('{:' ~ f ~ '}').format(1) }}", "{{ dict(**d)|sort(**d) }}", "{{ range(**d) }}",
		"{{ [1]|map(**d)|list }}", "{{ namespace(**d).x.y }}", "{% macro m() %}{% endmacro %}{{ m(**d) }}", "{{ f|int(base=f) }}", "{{ f + 1 }}", "{{ f|float + f }}",
		// In the source.
		"{{ \x1b }}", "{{ a \x1b }}", "{% \x1b %}", "{{ 'a" + foreign, "{{ 1 '" + foreign + "' }}", "{% set '" + foreign + "' %}", "{% if '" + foreign + "' '" + foreign + "' %}",
		"{% for x of '" + foreign + "' %}", "{{ ['" + foreign + "' '" + foreign + "' 1 }}", "{{ a|'" + foreign + "' }}", "{{ a.'" + foreign + "' }}", "{% block '" + foreign + "' %}",
		"{{ '\\x1b' 'x' 1 }}", "{{ '\\x" + foreign + "' }}", "{{ f(a='" + foreign + "' 2) }}", "{% call '" + foreign + "' %}", "{% '" + foreign + "' %}", "{{ {'" + foreign + "' 1} }}",
		"{% macro '" + foreign + "'() %}", "{% with '" + foreign + "' %}", "{{ x is '" + foreign + "' }}", "{{ (1 '" + foreign + "') }}", "{% endif '" + foreign + "' %}",
	} {
		_, err := render(t, text, vars)
		if err == nil {
			t.Errorf("%q went through", text)
			continue
		}
		for _, r := range err.Error() {
			if !unicode.IsPrint(r) || !utf8.ValidString(err.Error()) {
				t.Errorf("%q: the error has %q in it: %q", text, r, err)
				break
			}
		}
		if n := len(err.Error()); n > 10_000 {
			t.Errorf("%.60q: an error of %d bytes", text, n)
		}
	}
}

// TestTheMessageOfARefusalIsTheTemplatesOwn keeps the text for callers that
// handle it, and quotes it where it is shown.
func TestTheMessageOfARefusalIsTheTemplatesOwn(t *testing.T) {
	_, err := render(t, `{{ raise_exception('roles must "alternate" — ä\n') }}`, nil)
	var e *jinja.Error
	if !errors.As(err, &e) || e.Msg != "roles must \"alternate\" — ä\n" {
		t.Fatalf("got %#v", err)
	}
	const want = `chat template: line 1, column 19: TemplateError: "roles must \"alternate\" — ä\n"`
	if got := err.Error(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestMessagesOfOtherErrorsAreReadable(t *testing.T) {
	_, err := render(t, `{{ a['\\d "x" \x1b'].b }}`, jinjaVars("a", "text"))
	const want = `chat template: line 1, column 21: UndefinedError: 'str object' has no attribute '\d "x" \x1b'`
	if err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

func jinjaVars(name string, v jinja.Value) *jinja.Dict {
	vars := jinja.NewDict()
	vars.Set(name, v)
	return vars
}
