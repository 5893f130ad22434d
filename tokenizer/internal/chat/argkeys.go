package chat

import "strings"

// argKeys is the form of calls with a pair of tags for each argument:
// <tool_call>f<arg_key>k</arg_key><arg_value>v</arg_value></tool_call>.
type argKeys struct {
	tags
	separator, openValue string // separator may stand behind the name
}

// argKeysOf returns the form with what families put before and behind the names of the
// tags, and the name of the one around a call.
func argKeysOf(before, behind, call string) argKeys {
	tag := func(open, name string) string { return open + before + name + behind + ">" }
	return argKeys{tags: tags{
		parameter: tag("<", "arg_key"), keyEnd: tag("</", "arg_key"), endParameter: tag("</", "arg_value"),
		end: "</" + call + ">", again: words{"<" + call + ">"},
	}, separator: tag("<", "tool_sep"), openValue: tag("<", "arg_value")}
}

// glmKeys is the form with the tags of GLM.
var glmKeys = argKeysOf("", "", "tool_call")

// read reads a call behind its opening tag.
func (f argKeys) read(in input) result {
	s := scanner{input: in}
	name, ok := f.name(&s)
	if !ok {
		return s.failed()
	}
	var arguments object
	for s.space(); s.word(f.parameter); s.space() {
		key, ok := f.key(&s)
		if s.space(); !ok || !s.word(f.openValue) {
			return s.failed()
		}
		value, ok := f.value(&s, func(key string) bool { return in.opens(name, key, &arguments) })
		if !ok {
			return s.failed()
		}
		arguments.set(key, in.tools.value(name, key, value))
	}
	return f.finish(s, Call{Name: name, Arguments: arguments.json()})
}

// name passes the name of the function and the separator behind it.
func (f argKeys) name(s *scanner) (string, bool) {
	s.space()
	name, ok := s.bareWord()
	if s.space(); ok {
		s.word(f.separator)
	}
	return name, ok && name != ""
}

// key passes a key and the tag behind it.
func (f argKeys) key(s *scanner) (string, bool) {
	rest := s.text[s.at:min(len(s.text), s.at+maxName)]
	n, word := words{f.keyEnd, f.openValue}.next(rest, s.final)
	if word == "" {
		s.at += len(rest)
		s.short = len(rest) < maxName
		return "", false
	}
	if s.at += n; word == f.keyEnd {
		s.at += len(word)
	}
	key := strings.TrimSpace(rest[:n])
	return key, key != "" && !strings.ContainsAny(key, "<>\n")
}

// identifier reports whether a text can be the name of a function.
func identifier(name string) bool {
	return name != "" && !strings.ContainsAny(name, noName)
}

// noName are the bytes that the name of a function cannot have.
const noName = " \t\r\n<>{}[]()\"'`|,;="
