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
	opens:    append(hunyuanReaders.opens(), openFunction),
	ends:     ">]}",
	thinking: thinkingToo(thinking{open: "<think:opensource>", end: "</think:opensource>"}),
	read:     hunyuanReaders.read,
}

var hunyuanReaders = readers{
	"<tool_calls>":  unlessAny(words{"[", "{"}, skip, jsonSeries("</tool_calls>")),
	"</tool_calls>": skip,
	"<tool_call>":   unlessAny(words{"{", "["}, readHunyuan, readHermes),
	"<tool_calls:":  skipTag,
	"</tool_calls:": skipTag,
	"<tool_call:":   readSuffixed,
}

// skipTag takes the rest of a tag and the white space behind it.
func skipTag(in input) result {
	n := strings.IndexAny(in.text, "> \n")
	if n < 0 {
		return in.more()
	}
	if in.text[n] != '>' {
		return reject(n)
	}
	return skip(in.behind(n + 1)).after(n + 1)
}

// readSuffixed reads a call whose tags end in a colon and a word.
func readSuffixed(in input) result {
	n := strings.IndexAny(in.text, "> \n")
	if n < 0 {
		return in.more()
	}
	if in.text[n] != '>' {
		return reject(n)
	}
	suffix := ":" + in.text[:n]
	return argKeysOf("", suffix, "tool_call"+suffix).read(in.behind(n + 1)).after(n + 1)
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
