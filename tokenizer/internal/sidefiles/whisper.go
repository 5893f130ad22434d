package sidefiles

import (
	"slices"
	"strings"
)

// whisperLanguages are the codes of Whisper's languages with their names, in the order of
// the ids of their tokens, which begin behind <|startoftranscript|> (LANGUAGES of
// models/whisper in transformers 5.24). Of names in two words the space is a low line.
const whisperLanguages = "en=english zh=chinese de=german es=spanish ru=russian ko=korean fr=french ja=japanese pt=portuguese tr=turkish " +
	"pl=polish ca=catalan nl=dutch ar=arabic sv=swedish it=italian id=indonesian hi=hindi fi=finnish vi=vietnamese " +
	"he=hebrew uk=ukrainian el=greek ms=malay cs=czech ro=romanian da=danish hu=hungarian ta=tamil no=norwegian " +
	"th=thai ur=urdu hr=croatian bg=bulgarian lt=lithuanian la=latin mi=maori ml=malayalam cy=welsh sk=slovak " +
	"te=telugu fa=persian lv=latvian bn=bengali sr=serbian az=azerbaijani sl=slovenian kn=kannada et=estonian " +
	"mk=macedonian br=breton eu=basque is=icelandic hy=armenian ne=nepali mn=mongolian bs=bosnian kk=kazakh " +
	"sq=albanian sw=swahili gl=galician mr=marathi pa=punjabi si=sinhala km=khmer sn=shona yo=yoruba so=somali " +
	"af=afrikaans oc=occitan ka=georgian be=belarusian tg=tajik sd=sindhi gu=gujarati am=amharic yi=yiddish lo=lao " +
	"uz=uzbek fo=faroese ht=haitian_creole ps=pashto tk=turkmen nn=nynorsk mt=maltese sa=sanskrit lb=luxembourgish " +
	"my=myanmar bo=tibetan tl=tagalog mg=malagasy as=assamese tt=tatar haw=hawaiian ln=lingala ha=hausa ba=bashkir " +
	"jw=javanese su=sundanese yue=cantonese"

// whisperNames are further names of languages (TO_LANGUAGE_CODE).
const whisperNames = "burmese=my valencian=ca flemish=nl haitian=ht letzeburgesch=lb pushto=ps panjabi=pa moldavian=ro " +
	"moldovan=ro sinhalese=si castilian=es mandarin=zh"

// whisperLanguage returns the place of a language, by its code or its name, -1 for one
// that Whisper does not know.
func whisperLanguage(name string) int {
	if strings.Contains(name, "_") {
		return -1
	}
	name = strings.ReplaceAll(name, " ", "_")
	for _, other := range strings.Fields(whisperNames) {
		if long, code, _ := strings.Cut(other, "="); long == name {
			name = code
		}
	}
	return slices.IndexFunc(strings.Fields(whisperLanguages), func(entry string) bool {
		code, long, _ := strings.Cut(entry, "=")
		return name == code || name == long
	})
}
