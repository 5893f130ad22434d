package jinja_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gocoreml/coreml/internal/jinja"
)

// full says that the attacks run at their full size (make hostile): over texts of
// twenty megabytes, and those that were seen with the limits that a rendering has
// by itself. Else all of them run at a quarter of their size.
var full = os.Getenv("COREML_HOSTILE") != ""

func quarter(n int) int {
	if full {
		return n
	}
	return n / 4
}

// attackSize is the size of the texts that the attacks run over.
var attackSize = quarter(20 << 20)

// hang is the time after which a test gives a rendering up. It is far more than
// any rendering takes, so that a busy machine fails no test.
const hang = 3 * time.Minute

// fill returns s repeated to attackSize bytes.
func fill(s string) string { return strings.Repeat(s, attackSize/len(s)) }

// attackVars are large values of every kind: texts that are costly in different
// ways, and long lists and mappings.
var attackVars = sync.OnceValue(func() *jinja.Dict {
	vars := jinja.NewDict()
	for name, v := range map[string]jinja.Value{
		"text": fill("a text of many words, "), "spaces": fill(" "), "digits": fill("7"), "letters": fill("a"),
		"upper": fill("ДЖ"), "lower": fill("äж"), "lines": fill("\n"), "crs": fill("\r"), "control": fill("\x01"),
		"quotes": fill(`'"\`), "tags": fill("<a>"), "open": fill("<!--"), "amps": fill("&amp;"), "percents": fill("%%"),
		"directives": fill("%c"), "braces": fill("{}"), "invalid": fill("\xff"), "other": fill("a text of many words, "),
		// Package strings compares at each place of a run and finds out late.
		"waves": strings.Repeat(strings.Repeat("b", 100_000)+strings.Repeat("a", 150_000), attackSize/250_000),
		"dots":  fill("a."), "late": strings.Repeat("a", 1<<20) + "b", "numbers": strings.Repeat("a ", 1<<16),
		"big": new(big.Int).Exp(big.NewInt(10), big.NewInt(4000), nil),
	} {
		vars.Set(name, v)
	}
	ints, words, pairs, rows := jinja.NewList(), jinja.NewList(), jinja.NewList(), jinja.NewList()
	dict := jinja.NewDict()
	row := jinja.NewDict()
	row.Set("a", "x")
	for i := range int64(quarter(1 << 20)) {
		ints.Items = append(ints.Items, -i)
		words.Items = append(words.Items, "word")
		rows.Items = append(rows.Items, row)
		if i < int64(quarter(1<<18)) {
			key := fmt.Sprint("key", i)
			dict.Set(key, i)
			pairs.Items = append(pairs.Items, jinja.NewList(key, i))
		}
	}
	vars.Set("ints", ints)
	vars.Set("m", int64(quarter(1_000_000))) // what the expressions measure large texts in
	vars.Set("words", words)
	vars.Set("rows", rows)
	vars.Set("pairs", pairs)
	vars.Set("table", dict)
	vars.Set("two", jinja.NewList(vars1(vars, "upper"), vars1(vars, "lower")))
	vars.Set("twotexts", jinja.NewList(vars1(vars, "text"), vars1(vars, "other")))
	return vars
})

func vars1(d *jinja.Dict, name string) jinja.Value {
	v, _ := d.Get(name)
	return v
}

// seen are the expressions that were found to take hours within the limits of
// then. At full size they run with the limits that a rendering has by itself.
var seen = []string{
	"text|int", "digits|int", "digits|float", "text|float", "text.count('x')", "letters.count('a')", "letters.count('aa')",
	"rows|groupby('a')", "ints|groupby('x', default=1)", "two|sort", "twotexts|sort", "twotexts|max", "twotexts|min",
	"digits.isdigit()", "lower is lower", "upper is upper", "text|wordcount", "ints|sum", "ints|sum(start=0.5)",
}

// attacks are relatives of those, each costly in its own way. They run with a
// tenth of the limits, because there are many.
var attacks = []string{
	// Numbers.
	"('0' * m)|int", "digits|int(base=16)", "digits|int(base=0)", "spaces|int", "spaces|float", "big|string", "big ~ ''",
	"big * 2", "-big", "big == big", "big < big", "{big: 1}", "1.5|round(300)", "'%.1000f' % 1e300", "'{:.1000f}'.format(1e300)",
	"big|float", "[big]|tojson", "'%s' % big", "{(big, big): 1}",
	// Looking for text.
	"waves.find('a' * 100000 ~ 'c')", "waves.rfind('c' ~ 'a' * 100000)",
	"'x' in text", "'xy' in letters", "late in letters", "letters.find(late)", "letters.rfind(late)", "letters.rfind('b' ~ late)",
	"letters.count(late)", "letters.replace(late, '')", "letters.split(late)", "letters.rsplit(late)", "text.find('zz', 5, -5)",
	"('b' * (10 * m) ~ letters).find(late)", "letters.partition('b')", "letters.rpartition('b')", "text.split()", "text.split(' ')",
	"text.rsplit(none, 3)", "text.rsplit(' ', 3)", "lines.splitlines()", "crs.splitlines(true)", "text.replace(' ', '')",
	"letters.replace('', '-')", "letters.replace('a', 'bb')", "text|replace('a', 'b')", "text == other", "text != other",
	"text < other", "text is eq(other)", "text is in([other])", "other in twotexts", "twotexts.index(other)", "twotexts.count(other)",
	"letters.startswith(letters)", "letters.endswith((letters, letters))", "text.removeprefix(other)", "text.removesuffix(other)",
	// Each character.
	"text[0:-1:2]", "text[::-1]", "text[-1]", "text[19 * m]", "text[15 * m:-15]", "upper|length", "upper|reverse", "text|list",
	"text|first", "text|last", "text|upper", "upper|lower", "text|title", "text.title()", "text|capitalize", "text.swapcase()",
	"upper.casefold()", "lower.isupper()", "lower.islower()", "letters.isidentifier()", "text.istitle()", "letters.isascii()", "letters.isalnum()",
	"upper.isalpha()", "digits.isnumeric()", "digits.isdecimal()", "spaces.isspace()", "spaces.strip()", "spaces|trim", "letters.strip('a')",
	"upper.strip(upper)", "letters.lstrip('a')", "letters.rstrip('a')", "text.strip(text)",
	"text|escape", "tags|striptags", "open|striptags", "amps|striptags", "control|urlencode", "text|center(100 * m)", "text.ljust(25 * m)",
	"text.zfill(25 * m)", "text|indent", "lines|indent(1, true, true)", "text|truncate(15 * m)", "text|truncate(15 * m, true)",
	"text|truncate(30 * m, end=text)",
	// Writing.
	"text|tojson", "quotes|tojson", "control|tojson", "upper|tojson(ensure_ascii=true)", "control|string ~ [control]", "[quotes]|string",
	"[text]|string", "ints|string", "table|string", "table|tojson(sort_keys=true)", "ints|tojson(indent=2)", "[[[1]]]|tojson(indent=text)",
	"ints|tojson(separators=(text, text))", "percents % ()", "('%c' * 100000) % ((1,) * 100000)", "'%(a)s' % {'a': text}", "'%.5s' % text",
	"'%99s' % text", "('{}' * 100000).format(*([1] * 100000))", "'{}'.format(text)", "('%' ~ digits ~ 'd') % 1", "('{:' ~ digits ~ 'd}').format(1)",
	"('%(' ~ text ~ ')s') % {}", "strftime_now(directives)", "strftime_now(text)", "invalid|upper", "[invalid]|string", "invalid|tojson",
	"('{0:>9999}' * 100000).format(1)", "('{0:,}' * 100000).format(big)", "('{0:{1}}' * 100000).format(1, 9999)", "'{:>9999}'.format(text)",
	"('{0:.1000f}' * 100000).format(1e300)", "'{!a}'.format(upper)", "braces.format(*ints)", "pairs|urlencode", "table|urlencode",
	"letters.find('', 20 * m)", "upper.startswith('Д', 9 * m)", "upper.count('Ж', 1, -1)",
	"text + text", "text * 3", "text ~ text", "[1] * (10 * m)", "ints + ints", "(text + other)|length",
	// Lists and mappings.
	"ints|sort", "words|sort", "ints|sort(reverse=true)", "rows|sort(attribute='a,a,a')", "ints|unique|list", "words|unique|list", "ints|min", "ints|max",
	"ints|reverse|list", "ints|list", "ints|batch(1)|list", "ints|batch(m, 1)|list", "ints|slice(m)|list", "ints|slice(3, 1)|list",
	"ints|map('abs')|list", "ints|map('string')|join", "rows|map(attribute='a')|list", "rows|map(attribute=dots)|list", "ints|select('odd')|list",
	"ints|reject('odd')|list", "rows|selectattr('a', 'eq', 'x')|list", "rows|rejectattr('a')|list", "words|join", "words|join(text)",
	"','.join(words)", "text.join(words)", "''.join(words)", "ints|join(',')", "ints.index(1 - ints|length)", "ints.count(1)", "ints.copy()", "1 in ints",
	"ints == ints", "ints[::2]", "ints[::-1]", "ints[1:]", "ints < ints", "table.copy()", "table.items()|list", "table|items|list", "table|dictsort", "table|dictsort(by='value')",
	"table.keys()|list", "table == table.copy()", "dict(table)", "dict(pairs)", "table.get(text)", "table[text]", "table.x or table|attr(text)", "text in table",
	"{text: 1}", "{(text, other): 1}", "(text, other) in table", "text[text]", "namespace(**table)", "dict(*[pairs])", "range(100000)|list", "range(100000)[1:]|length",
	"99999 in range(100000)", "-1.5 in range(100000)", "range(100000)|sum", "[table]|string", "[text] == [other]", "[text] < [other]",
	"text is filter", "text is test", "text is sameas(other)", "cycler(*ints)", "joiner(text)()", "text|attr(other)",
	"'a' * (260 * m)", "text ~ text ~ text ~ text ~ text", "[1] * (16 * m)", "('a' * (130 * m)) + 'b'", "(text * 5)|tojson", "text * 5 == text * 5",
	"('a ' * (100 * m))|truncate(150 * m)", "('{' * (200 * m)).format()", "[text * 10]|join", "text|batch(3)|list", "words|join(numbers)",
	"text|default('')|upper", "words|map('upper')|list", "words|map('replace', 'w', text)|list",
}

// endless puts an expression into loops that would not end.
func endless(expr string) string {
	loop := "{% for i in range(100000) %}"
	end := "{% endfor %}"
	// What fails is tried once in each round of a loop that goes on otherwise.
	return strings.Repeat(loop, 4) + "{% set x = " + expr + " %}" + strings.Repeat(end, 4)
}

// renderIn renders with a guard against a hang.
func renderIn(ctx context.Context, t *testing.T, text string, vars *jinja.Dict, opts ...*jinja.Options) error {
	t.Helper()
	o := &jinja.Options{Now: clock}
	if len(opts) > 0 {
		o = opts[0]
	}
	done := make(chan error, 1)
	go func() {
		tpl, err := jinja.Parse(ctx, text)
		if err == nil {
			_, err = tpl.Render(ctx, vars, o)
		}
		done <- err
	}()
	select {
	case err := <-done:
		return err
	case <-time.After(hang):
		t.Fatalf("still running after %v", hang)
		return nil
	}
}

// sample returns the indexes below n that a test goes through: all, and with -short
// every eighth.
func sample(n int) iter.Seq[int] {
	step := 1
	if testing.Short() {
		step = 8
	}
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i += step {
		}
	}
}

func TestNoExpressionOutlastsTheLimits(t *testing.T) {
	vars := attackVars()
	worst, where := time.Duration(0), ""
	all := slices.Concat(seen, attacks)
	for i := range sample(len(all)) {
		expr := all[i]
		o := &jinja.Options{Now: clock, MaxSteps: quarter(3_000_000), MaxBytes: quarter(64 << 20)}
		if full && i < len(seen) {
			o.MaxSteps, o.MaxBytes = 0, 0
		}
		t.Run(expr, func(t *testing.T) {
			start := time.Now()
			err := renderIn(t.Context(), t, endless(expr), vars, o)
			if took := time.Since(start); took > worst {
				worst, where = took, expr
			}
			t.Logf("%v: %.200v", time.Since(start), err)
			var e *jinja.Error
			if !errors.As(err, &e) {
				t.Fatalf("got %v, want a template error", err)
			}
			if e.Kind != jinja.LimitError {
				t.Errorf("got %v, want a limit", err)
			}
		})
	}
	t.Logf("the slowest is %s with %v", where, worst)
}
