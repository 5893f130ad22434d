package chat

import (
	"strings"
)

// hunyuan is the format of Hunyuan: a list of objects in a tag, calls with a name and a
// fence with the arguments, or those of GLM with names of tags that may end in a colon
// and a word.
var hunyuan = &format{
	name:  "hunyuan",
	marks: []string{"<tool_calls>", "</tool_calls>", "<tool_call>", "</tool_call>"},
	suits: func(template string) bool {
		return containsAny("<tool_sep", "'<tool_sep{}>'", "hunyuan", "<|hy_", "｜hy_")(template) && strings.Contains(template, "tool_call")
	},
	opens:    hunyuanReaders.opens(),
	always:   true,
	ends:     ">]}",
	thinking: thinkingToo(thinking{open: "<think:opensource>", end: "</think:opensource>"}),
	read:     hunyuanReaders.read,
}

var hunyuanReaders = readers{
	"<tool_calls>":  unlessAny(words{"[", "{"}, skip, jsonSeries("</tool_calls>")),
	"</tool_calls>": skip,
	"<answer>":      skip, // around the text of the first ones
	"</answer>":     skip,
	"<tool_call>":   unlessAny(words{"{", "["}, readHunyuan, readHermes),
	"<tool_calls:":  skipTag,
	"</tool_calls:": skipTag,
	"<tool_call:":   readSuffixed,
	openFunction:    readHermes,
}

// suffix passes the word that tags end in, and the end of the tag.
func (s *scanner) suffix() (string, bool) {
	const longest = 64
	rest := s.text[s.at:min(len(s.text), s.at+longest)]
	n := strings.IndexAny(rest, noName)
	switch {
	case n < 0:
		s.short = len(rest) < longest
		return "", false
	case rest[n] != '>':
		return "", false
	}
	s.at += n + 1
	return rest[:n], true
}

// skipTag takes the rest of a tag and the white space behind it.
func skipTag(in input) result {
	s := scanner{input: in}
	if _, ok := s.suffix(); !ok {
		return s.failed()
	}
	return skip(in.behind(s.at)).after(s.at)
}

// readSuffixed reads a call whose tags end in a colon and a word.
func readSuffixed(in input) result {
	s := scanner{input: in}
	suffix, ok := s.suffix()
	if !ok {
		return s.failed()
	}
	form := argKeysOf("", ":"+suffix, "tool_call:"+suffix)
	return form.read(in.behind(s.at)).after(s.at)
}

// readHunyuan reads a name and its arguments: pairs of tags, or an object in a fence.
func readHunyuan(in input) result {
	at, word := words{"<", "{", "```"}.next(in.text, in.final)
	switch {
	case word == "":
		return in.more()
	case word == "<":
		return glmKeys.read(in)
	}
	return named{end: "</tool_call>"}.read(in, strings.TrimSpace(in.text[:at]), "", at)
}
