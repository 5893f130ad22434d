package jinja

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// textMethods are the methods of strings.
var textMethods = map[string]func(in *interp, s string, a *args) (Value, error){
	"strip":      stripMethod(strings.TrimFunc, strings.Trim),
	"lstrip":     stripMethod(strings.TrimLeftFunc, strings.TrimLeft),
	"rstrip":     stripMethod(strings.TrimRightFunc, strings.TrimRight),
	"upper":      mapMethod(upper),
	"lower":      mapMethod(lower),
	"casefold":   mapMethod(strings.ToLower),
	"title":      mapMethod(pyTitle),
	"capitalize": mapMethod(capitalize),
	"swapcase": mapMethod(func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsUpper(r) {
				return unicode.ToLower(r)
			}
			return unicode.ToUpper(r)
		}, s)
	}),
	"isdigit":   isMethod(unicode.IsDigit),
	"isdecimal": isMethod(unicode.IsDigit),
	"isnumeric": isMethod(unicode.IsNumber),
	"isalpha":   isMethod(unicode.IsLetter),
	"isalnum":   isMethod(func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }),
	"isspace":   isMethod(isSpace),
	"isupper":   caseMethod(unicode.IsUpper, unicode.IsLower),
	"islower":   caseMethod(unicode.IsLower, unicode.IsUpper),
	"istitle": func(_ *interp, s string, _ *args) (Value, error) {
		inside, found := false, false
		for _, r := range s {
			upper, lower := unicode.IsUpper(r) || unicode.IsTitle(r), unicode.IsLower(r)
			if upper && inside || lower && !inside {
				return false, nil
			}
			inside = upper || lower
			found = found || inside
		}
		return found, nil
	},
	"isidentifier": func(_ *interp, s string, _ *args) (Value, error) {
		for i, r := range s {
			if r != '_' && !unicode.IsLetter(r) && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.M, r)) {
				return false, nil
			}
		}
		return s != "", nil
	},
	"isascii": func(_ *interp, s string, _ *args) (Value, error) {
		return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0, nil
	},
	"startswith":   affixMethod("startswith", strings.HasPrefix),
	"endswith":     affixMethod("endswith", strings.HasSuffix),
	"removeprefix": cutMethod("removeprefix", strings.TrimPrefix),
	"removesuffix": cutMethod("removesuffix", strings.TrimSuffix),
	"find":         findMethod("find", strings.Index),
	"rfind":        findMethod("rfind", strings.LastIndex),
	"index":        findMethod("index", strings.Index),
	"rindex":       findMethod("rindex", strings.LastIndex),
	"count": func(_ *interp, s string, a *args) (Value, error) {
		sub, err := oneText("count", a)
		return int64(strings.Count(s, sub)), err
	},
	"replace":    replaceMethod,
	"split":      splitMethod,
	"rsplit":     rsplitMethod,
	"splitlines": splitLinesMethod,
	"partition": func(_ *interp, s string, a *args) (Value, error) {
		sep, err := oneText("partition", a)
		if err == nil && sep == "" {
			err = fail(ValueError, "empty separator")
		}
		before, after, ok := strings.Cut(s, sep)
		if !ok {
			sep = ""
		}
		return newTuple(before, sep, after), err
	},
	"rpartition": func(_ *interp, s string, a *args) (Value, error) {
		sep, err := oneText("rpartition", a)
		if err == nil && sep == "" {
			err = fail(ValueError, "empty separator")
		}
		i := strings.LastIndex(s, sep)
		if i < 0 {
			return newTuple("", "", s), err
		}
		return newTuple(s[:i], sep, s[i+len(sep):]), err
	},
	"join": func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind("join", 1, "iterable")
		if err != nil {
			return nil, err
		}
		items, err := in.iterate(b.vals[0])
		if err != nil {
			return nil, err
		}
		for i, item := range items {
			if !isText(item) {
				return nil, fail(TypeError, "sequence item %d: expected str instance, %s found", i, typeName(item))
			}
		}
		return in.join(items, s)
	},
	"ljust":  justMethod("ljust"),
	"rjust":  justMethod("rjust"),
	"center": justMethod("center"),
	"zfill": func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind("zfill", 1, "width")
		if err != nil {
			return nil, err
		}
		width, err := b.int(0, 0)
		if err != nil {
			return nil, err
		}
		sign := ""
		if s != "" && (s[0] == '-' || s[0] == '+') {
			sign, s = s[:1], s[1:]
		}
		fill, err := in.padding("0", width-int64(len(sign)+utf8.RuneCountInString(s)))
		return sign + fill + s, err
	},
	"format": func(in *interp, s string, a *args) (Value, error) { return in.braceFormat(s, a) },
	"encode": func(*interp, string, *args) (Value, error) {
		return nil, fail(TypeError, "bytes are not supported in a chat template")
	},
}

type textMethod = func(in *interp, s string, a *args) (Value, error)

func oneText(fn string, a *args) (string, error) {
	b, err := a.bind(fn, 1, "sub")
	if err != nil {
		return "", err
	}
	return b.text(0, "")
}

func stripMethod(space func(string, func(rune) bool) string, set func(string, string) string) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind("strip", 0, "chars")
		if err != nil {
			return nil, err
		}
		if !b.given[0] || b.vals[0] == nil {
			return space(s, isSpace), in.spend(len(s) >> 6)
		}
		chars, err := b.text(0, "")
		if err != nil {
			return nil, err
		}
		return set(s, chars), in.spend(len(s) >> 4)
	}
}

func mapMethod(f func(string) string) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		if _, err := a.bind("method", 0); err != nil {
			return nil, err
		}
		if err := in.charge(2 * len(s)); err != nil {
			return nil, err
		}
		return f(s), nil
	}
}

func isMethod(in func(rune) bool) textMethod {
	return func(it *interp, s string, _ *args) (Value, error) {
		for _, r := range s {
			if !in(r) {
				return false, nil
			}
		}
		return s != "", it.spend(len(s) >> 6)
	}
}

func caseMethod(want, other func(rune) bool) textMethod {
	return func(in *interp, s string, _ *args) (Value, error) {
		found := false
		for _, r := range s {
			if other(r) {
				return false, nil
			}
			found = found || want(r)
		}
		return found, in.spend(len(s) >> 6)
	}
}

func affixMethod(fn string, has func(s, affix string) bool) textMethod {
	return func(_ *interp, s string, a *args) (Value, error) {
		b, err := a.bind(fn, 1, "prefix")
		if err != nil {
			return nil, err
		}
		choices := []Value{b.vals[0]}
		if l, ok := b.vals[0].(*List); ok && l.tuple {
			choices = l.Items
		}
		for _, c := range choices {
			text, ok := c.(string)
			if u, isUndefined := c.(*undefined); isUndefined {
				return nil, u.err()
			}
			if !ok {
				return nil, fail(TypeError, "%s first arg must be str or a tuple of str, not %s", fn, typeName(c))
			}
			if has(s, text) {
				return true, nil
			}
		}
		return false, nil
	}
}

func cutMethod(fn string, cut func(s, affix string) string) textMethod {
	return func(_ *interp, s string, a *args) (Value, error) {
		affix, err := oneText(fn, a)
		return cut(s, affix), err
	}
}

// findMethod returns an index that counts characters.
func findMethod(fn string, find func(s, sub string) int) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind(fn, 1, "sub", "start", "end")
		if err != nil {
			return nil, err
		}
		sub, err := b.text(0, "")
		if err != nil {
			return nil, err
		}
		if err := in.charge(len(s)); err != nil {
			return nil, err
		}
		offset := int64(0)
		if b.given[1] || b.given[2] {
			var bounds [3]*int64
			for i := 1; i < 3; i++ {
				if b.given[i] && b.vals[i] != nil {
					x, err := b.int(i, 0)
					if err != nil {
						return nil, err
					}
					bounds[i-1] = &x
				}
			}
			runes := []rune(s)
			picked, err := sliceRange(len(runes), bounds)
			if err != nil {
				return nil, err
			}
			s = ""
			if len(picked) > 0 {
				offset = int64(picked[0])
				s = string(runes[picked[0] : picked[len(picked)-1]+1])
			}
		}
		i := find(s, sub)
		if i < 0 {
			if strings.HasSuffix(fn, "index") {
				return nil, fail(ValueError, "substring not found")
			}
			return int64(-1), nil
		}
		return offset + int64(utf8.RuneCountInString(s[:i])), nil
	}
}

func replaceMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("replace", 2, "old", "new", "count")
	if err != nil {
		return nil, err
	}
	from, err := b.text(0, "")
	if err != nil {
		return nil, err
	}
	to, err := b.text(1, "")
	if err != nil {
		return nil, err
	}
	count, err := b.int(2, -1)
	if err != nil {
		return nil, err
	}
	return in.replace(s, from, to, count)
}

func (in *interp) replace(s, from, to string, count int64) (Value, error) {
	n := int64(strings.Count(s, from))
	if count >= 0 {
		n = min(n, count)
	}
	if err := in.charge(len(s)); err != nil {
		return nil, err
	}
	if grow := n * int64(len(to)); grow > int64(in.bytes) || in.charge(int(grow)) != nil {
		return nil, fail(LimitError, "the template uses too much memory")
	}
	return strings.Replace(s, from, to, int(n)), nil
}

func (in *interp) textList(parts []string) (Value, error) {
	items := make([]Value, len(parts))
	for i, p := range parts {
		items[i] = p
	}
	return NewList(items...), in.charge(32 * len(parts))
}

// splitArgs reads the arguments of split; sep is empty for white space.
func splitArgs(fn string, a *args) (sep string, limit int, err error) {
	b, err := a.bind(fn, 0, "sep", "maxsplit")
	if err != nil {
		return "", 0, err
	}
	if b.given[0] && b.vals[0] != nil {
		if sep, err = b.text(0, ""); err != nil {
			return "", 0, err
		}
		if sep == "" {
			return "", 0, fail(ValueError, "empty separator")
		}
	}
	n, err := b.int(1, -1)
	if n < 0 || n > 1<<30 {
		n = -1
	}
	return sep, int(n), err
}

func splitMethod(in *interp, s string, a *args) (Value, error) {
	sep, limit, err := splitArgs("split", a)
	if err != nil {
		return nil, err
	}
	if err := in.charge(len(s)); err != nil {
		return nil, err
	}
	if sep != "" {
		if limit >= 0 {
			limit++
		}
		return in.textList(strings.SplitN(s, sep, limit))
	}
	var parts []string
	s = strings.TrimLeftFunc(s, isSpace)
	for s != "" {
		end := strings.IndexFunc(s, isSpace)
		if end < 0 || len(parts) == limit {
			parts = append(parts, s)
			break
		}
		parts = append(parts, s[:end])
		s = strings.TrimLeftFunc(s[end:], isSpace)
	}
	return in.textList(parts)
}

func rsplitMethod(in *interp, s string, a *args) (Value, error) {
	sep, limit, err := splitArgs("rsplit", a)
	if err != nil {
		return nil, err
	}
	if err := in.charge(len(s)); err != nil {
		return nil, err
	}
	if sep == "" {
		if limit < 0 {
			return splitMethod(in, s, &args{})
		}
		return in.textList(rsplitSpace(s, limit))
	}
	parts := strings.Split(s, sep)
	if limit >= 0 && len(parts) > limit+1 {
		head := strings.Join(parts[:len(parts)-limit], sep)
		parts = append([]string{head}, parts[len(parts)-limit:]...)
	}
	return in.textList(parts)
}

func rsplitSpace(s string, limit int) []string {
	var parts []string
	s = strings.TrimRightFunc(s, isSpace)
	for s != "" {
		start := strings.LastIndexFunc(s, isSpace)
		if start < 0 || len(parts) == limit {
			parts = append(parts, s)
			break
		}
		_, n := utf8.DecodeRuneInString(s[start:])
		parts = append(parts, s[start+n:])
		s = strings.TrimRightFunc(s[:start], isSpace)
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	return parts
}

func splitLinesMethod(in *interp, s string, a *args) (Value, error) {
	b, err := a.bind("splitlines", 0, "keepends")
	if err != nil {
		return nil, err
	}
	return in.textList(splitLines(s, b.truth(0, false)))
}

// splitLines is Python's str.splitlines.
func splitLines(s string, keep bool) []string {
	var out []string
	for s != "" {
		end, n := len(s), 0
		for i, r := range s {
			if strings.ContainsRune("\n\r\v\f\x1c\x1d\x1e\u0085\u2028\u2029", r) {
				end, n = i, utf8.RuneLen(r)
				if r == '\r' && strings.HasPrefix(s[i+1:], "\n") {
					n = 2
				}
				break
			}
		}
		line := s[:end]
		if keep {
			line = s[:end+n]
		}
		out = append(out, line)
		s = s[end+n:]
	}
	return out
}

func justMethod(fn string) textMethod {
	return func(in *interp, s string, a *args) (Value, error) {
		b, err := a.bind(fn, 1, "width", "fillchar")
		if err != nil {
			return nil, err
		}
		width, err := b.int(0, 0)
		if err != nil {
			return nil, err
		}
		fill, err := b.text(1, " ")
		if err == nil && utf8.RuneCountInString(fill) != 1 {
			err = fail(TypeError, "The fill character must be exactly one character long")
		}
		if err != nil {
			return nil, err
		}
		missing := max(width-int64(utf8.RuneCountInString(s)), 0)
		left := int64(0)
		switch fn {
		case "rjust":
			left = missing
		case "center":
			left = missing/2 + missing&width&1
		}
		before, err := in.padding(fill, left)
		if err != nil {
			return nil, err
		}
		after, err := in.padding(fill, missing-left)
		return before + s + after, err
	}
}

// padding repeats a character.
func (in *interp) padding(fill string, n int64) (string, error) {
	if n <= 0 {
		return "", nil
	}
	v, err := in.arith("*", fill, n)
	s, _ := v.(string)
	return s, err
}

// Characters whose case mapping has more than one character.
var (
	upperSpecial = strings.NewReplacer("ß", "SS", "ŉ", "ʼN", "ﬀ", "FF", "ﬁ", "FI", "ﬂ", "FL", "ﬃ", "FFI", "ﬄ", "FFL", "ﬅ", "ST", "ﬆ", "ST")
	lowerSpecial = strings.NewReplacer("İ", "i\u0307")
)

func upper(s string) string { return strings.ToUpper(upperSpecial.Replace(s)) }

func lower(s string) string { return strings.ToLower(lowerSpecial.Replace(s)) }

// pyTitle is Python's str.title: letters after another letter are lower case.
func pyTitle(s string) string {
	inWord := false
	return strings.Map(func(r rune) rune {
		was := inWord
		inWord = unicode.IsLetter(r)
		if was {
			return unicode.ToLower(r)
		}
		return unicode.ToTitle(r)
	}, s)
}

func capitalize(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return s
	}
	return string(unicode.ToTitle(r)) + strings.ToLower(s[n:])
}
