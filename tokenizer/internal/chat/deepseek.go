package chat

import "strings"

// deepseek is the format of DeepSeek's models up to V3.1, and of those that were made
// from them: marks around a name and an object, which R1 and the first V3 put into a
// fence. Models misspell the marks, which their tokenizers have as single tokens.
var deepseek = &format{
	name:  "deepseek",
	marks: append(deepseekReaders.opens(), append(deepseekSeparators, deepseekEnds...)...),
	suits: containsAny("<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "<｜tool_calls_begin｜>"),
	opens: deepseekReaders.opens(),
	ends:  "｜>}",
	read:  deepseekReaders.read,
}

var (
	deepseekReaders = readers{}.
			and(skip, spellings("<｜tool▁calls▁begin｜>")...).
			and(skip, spellings("<｜tool▁calls▁end｜>")...).
			and(readDeepSeek, spellings("<｜tool▁call▁begin｜>")...)
	deepseekSeparators = words(spellings("<｜tool▁sep｜>"))
	deepseekEnds       = words(spellings("<｜tool▁call▁end｜>"))
)

// spellings returns the spellings of a mark that are in use.
func spellings(mark string) []string {
	return []string{mark, strings.ReplaceAll(mark, "▁", "_"), strings.ReplaceAll(mark, "▁", " ")}
}

// readDeepSeek reads f<｜tool▁sep｜>{…}, or function<｜tool▁sep｜>f and a fence, up to the
// end. Without a separator it is an object with the name in it.
func readDeepSeek(in input) result {
	at, word := append(words{"{"}, deepseekSeparators...).next(in.text[:min(len(in.text), maxHeader)], in.final)
	switch word {
	case "":
		if at >= maxHeader-len(deepseekSeparators[0]) {
			return reject(maxHeader)
		}
		return in.more()
	case "{":
		return deepseekEnd(in, jsonSeries("")(in.behind(at)).after(at))
	}
	kind := strings.TrimSpace(in.text[:at])
	at += len(word)
	rest := in.text[at:]
	n := space(rest)
	if n == len(rest) {
		return in.more()
	}
	switch end, maybe := deepseekEnds.here(rest[n:], in.final); {
	case maybe:
		return result{}
	case end != "": // there are no arguments
		return named{end: end}.read(in, kind, "", at)
	case rest[n] == '{' || rest[n] == '`':
		return deepseekEnd(in, named{}.read(in, kind, "", at))
	}
	at += n
	tagged := either(stepTags.open, stepTags.read, named{}.readLine) // Step 3 has tags there
	return deepseekEnd(in, tagged(in.behind(at)).after(at))
}

// deepseekEnd adds to a call the mark that follows it.
func deepseekEnd(in input, r result) result {
	if r.is != isCall {
		return r
	}
	at := r.n + space(in.text[r.n:])
	if at == len(in.text) {
		if in.final {
			return r
		}
		return result{}
	}
	word, maybe := deepseekEnds.here(in.text[at:], in.final)
	switch {
	case maybe:
		return result{}
	case word != "":
		r.n = at + len(word)
	}
	return r
}

// stepTags are the tags in which Step 3 writes a call.
var stepTags = invokes("steptml:invoke", "steptml:parameter")
