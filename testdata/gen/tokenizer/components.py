"""Write tokenizers made of every component and of random mixes of them, with the
answers of Hugging Face tokenizers, in the form that components_test.go reads.

    python components.py [--seed N] [--mixes N] OUT.jsonl.gz
"""
import argparse
import gzip
import json
import random
from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream

import wild

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--seed", type=int, default=11)
parser.add_argument("--mixes", type=int, default=12)
parser.add_argument("--wild", type=int, default=0, help="tokenizers with random parameters of every kind")
parser.add_argument("out")
args = parser.parse_args()
here = Path(__file__).resolve().parents[3]
base = json.loads((here / "tokenizer/testdata/storyteller/tokenizer.json").read_text())
rnd = random.Random(args.seed)
texts=["","a"," ","Hello, World!","  two  spaces  ","héllo wörld é","e\u0301\u0323 \u1e69 \u0130I ıſ","x ² ½ ４２ ٣","日本語テキスト、カタカナ ーひらがな","한국어 각 텍스트","👍🏽 👨‍👩‍👧 🇩🇪","tab\there\nnew\r\nline","\u00a0nbsp\u3000wide\u2003em\u200bzw\ufeffbom","don't I'm we've THEY'RE it's","12345 67 8","a-b_c.d,e;f","ﬁ ﬂ ™ Å Ω ㌔","[CLS] x [SEP] y <s> z</s> [MASK]","  [A] b[A]c [A]  ","中文 和 English混合","Ünïcödé ŞİĞ ẞ","\u0000\u0001\u007f\u0085\ufffd�","नमस्ते दुनिया","مرحبا بالعالم","שלום עולם","aaaaaaaaaaaaaaaa"*5,"▁x ▁▁y","a||b|c","𝕳𝖊𝖑𝖑𝖔 𐐀𐐨 ꭰ Ꭰ","\u1100\u1161\u11a8 \uac00\u11a8","q\u0307\u0323q\u0323\u0307","\ud7b0 ⅷ Ⅷ ⓐ","£5 €6 `^~ «quote» “x”"]
pool=[list(range(0x20,0x7f)),list(range(0xa0,0x250)),list(range(0x300,0x370)),list(range(0x370,0x530)),list(range(0x900,0x980)),list(range(0x1100,0x1200)),list(range(0x2000,0x2070)),list(range(0x3040,0x3100)),list(range(0x4e00,0x4e50)),list(range(0xac00,0xac60)),list(range(0xff00,0xfff0)),list(range(0x1f600,0x1f650)),list(range(0x1d400,0x1d440)),[0x20]*50]
for i in range(60):
    n=rnd.randint(1,14)
    texts.append(''.join(chr(rnd.choice(rnd.choice(pool))) for _ in range(n)))
N=[None,{"type":"NFC"},{"type":"NFD"},{"type":"NFKC"},{"type":"NFKD"},{"type":"Lowercase"},{"type":"StripAccents"},{"type":"Strip","strip_left":True,"strip_right":True},{"type":"Strip","strip_left":False,"strip_right":True},{"type":"Nmt"},{"type":"Prepend","prepend":"▁x"},{"type":"Replace","pattern":{"String":" "},"content":"▁"},{"type":"Replace","pattern":{"Regex":"\\s+"},"content":"--"},{"type":"Replace","pattern":{"Regex":"\\p{Lu}|\\p{Han}"},"content":""},{"type":"Replace","pattern":{"String":"l"},"content":"ł👍"},{"type":"BertNormalizer","clean_text":True,"handle_chinese_chars":True,"strip_accents":None,"lowercase":True},{"type":"BertNormalizer","clean_text":False,"handle_chinese_chars":False,"strip_accents":True,"lowercase":False},{"type":"ByteLevel"},{"type":"Sequence","normalizers":[{"type":"NFKD"},{"type":"StripAccents"},{"type":"Lowercase"},{"type":"NFC"}]},{"type":"Sequence","normalizers":[{"type":"Strip","strip_left":True,"strip_right":False},{"type":"Prepend","prepend":"é"},{"type":"NFD"}]},{"type":"Replace","pattern":{"Regex":"x*"},"content":"-"}]
P=[None,{"type":"ByteLevel","add_prefix_space":True,"trim_offsets":True,"use_regex":True},{"type":"ByteLevel","add_prefix_space":False,"trim_offsets":True,"use_regex":False},{"type":"Whitespace"},{"type":"WhitespaceSplit"},{"type":"BertPreTokenizer"},{"type":"Punctuation","behavior":"MergedWithPrevious"},{"type":"Punctuation","behavior":"Contiguous"},{"type":"Digits","individual_digits":True},{"type":"Digits","individual_digits":False},{"type":"CharDelimiterSplit","delimiter":"|"},{"type":"UnicodeScripts"},{"type":"FixedLength","length":3},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":True},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":True},{"type":"Metaspace","replacement":"_","prepend_scheme":"never","split":False},
 {"type":"Split","pattern":{"Regex":"\\p{L}+"},"behavior":"Removed","invert":True},{"type":"Split","pattern":{"Regex":"\\b"},"behavior":"Isolated","invert":False},{"type":"Split","pattern":{"Regex":"[\\p{Ll}&&[^aeiou]]+"},"behavior":"Isolated","invert":False},{"type":"Split","pattern":{"Regex":"\\p{Cyrillic}|\\p{^Alphabetic}++"},"behavior":"MergedWithNext","invert":False},{"type":"Split","pattern":{"Regex":"(?<=\\p{P})\\W*|\\d\\D"},"behavior":"MergedWithPrevious","invert":False},{"type":"Split","pattern":{"String":" "},"behavior":"Contiguous","invert":True},{"type":"Split","pattern":{"Regex":"[^\\P{Lo}\\s]+|[\\w\\-]{2,3}"},"behavior":"Isolated","invert":False},
 {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":True}]},{"type":"Sequence","pretokenizers":[{"type":"UnicodeScripts"},{"type":"Digits","individual_digits":True},{"type":"ByteLevel","add_prefix_space":True,"trim_offsets":False,"use_regex":True}]}]
D=[None,{"type":"CTC","pad_token":"a","word_delimiter_token":"|","cleanup":True},{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"Ġ","cleanup":False},{"type":"WordPiece","prefix":"##","cleanup":True},{"type":"BPEDecoder","suffix":"e"},{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":True},{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"Regex":"Ġ+"},"content":" "},{"type":"Strip","content":" ","start":1,"stop":1},{"type":"ByteFallback"},{"type":"Fuse"}]},{"type":"ByteLevel","add_prefix_space":True,"trim_offsets":True,"use_regex":True}]
sp={"<s>":{"id":"<s>","ids":[1],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[2,3],"tokens":["</s>","x"]}}
S=lambda i,t:{"Sequence":{"id":i,"type_id":t}}
K=lambda i,t:{"SpecialToken":{"id":i,"type_id":t}}
R=[None,{"type":"ByteLevel","add_prefix_space":True,"trim_offsets":True,"use_regex":True},{"type":"ByteLevel","add_prefix_space":False,"trim_offsets":True,"use_regex":True},{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",1],"trim_offsets":True,"add_prefix_space":True},{"type":"RobertaProcessing","sep":["</s>",2],"cls":["<s>",1],"trim_offsets":False,"add_prefix_space":False},{"type":"BertProcessing","sep":["[SEP]",5],"cls":["[CLS]",4]},{"type":"TemplateProcessing","single":[K("<s>",0),S("A",0),K("</s>",0)],"pair":[K("<s>",0),S("A",0),K("</s>",0),S("B",1),K("</s>",1)],"special_tokens":sp},{"type":"TemplateProcessing","single":[S("A",3),K("</s>",1),S("A",2)],"pair":[S("B",2),K("</s>",7),S("A",5),S("B",1)],"special_tokens":sp},{"type":"Sequence","processors":[{"type":"ByteLevel","add_prefix_space":True,"trim_offsets":True,"use_regex":True},{"type":"TemplateProcessing","single":[K("<s>",0),S("A",0)],"pair":[K("<s>",0),S("A",0),K("<s>",1),S("B",1)],"special_tokens":sp}]}]
chars=sorted(set(''.join(texts))|set("▁_-ł|é"))
def bpe(**o):
    v={}
    for t in ["<unk>"]+["<0x%02X>"%b for b in range(256)]+[c for c in chars if ord(c)<0x3000 and ord(c)!=0x1e69][:260]+["##e","e</w>","##l","##o</w>"]+["▁▁","ll","he","aa","aaa","lo","la"]:
        v.setdefault(t,len(v))
    m=[x for x in [["l","l"],["a","a"],["aa","a"],["h","e"],["l","o"],["▁","▁"],["l","a"]] if all(y in v for y in x) and ''.join(x) in v]
    d={"type":"BPE","dropout":None,"unk_token":"<unk>","continuing_subword_prefix":None,"end_of_word_suffix":None,"fuse_unk":False,"byte_fallback":False,"ignore_merges":False,"vocab":v,"merges":m}
    d.update(o); return d
uni=[["<unk>",0.0]]+[["<0x%02X>"%b,-9.0] for b in range(256)]+[[c,-5.0-i%7*.3] for i,c in enumerate(chars[:200]) if c not in "qz"]+[["ll",-3.1],["he",-2.5],["hello",-4.0],["▁",-2.0],["▁x",-3.0],["aa",-3.3],["Wor",-4.4],["ld!",-4.5]]
M=[None,bpe(),bpe(fuse_unk=True),bpe(byte_fallback=True),bpe(byte_fallback=True,fuse_unk=True,ignore_merges=True),bpe(end_of_word_suffix="</w>",fuse_unk=True),
 {"type":"Unigram","unk_id":0,"vocab":uni,"byte_fallback":False},{"type":"Unigram","unk_id":0,"vocab":uni,"byte_fallback":True},
 {"type":"WordPiece","unk_token":"<unk>","continuing_subword_prefix":"##","max_input_chars_per_word":12,"vocab":{t:i for i,t in enumerate(["<unk>"]+chars[:300]+["##"+c for c in chars[:250]]+["hello","##ll","##llo","he","world"])}},
 {"type":"WordLevel","unk_token":"<unk>","vocab":{t:i for i,t in enumerate(["<unk>","a","Hello",",","World","hello","é","日本語","x","y"," ","▁x"])}}]
A=[[],[{"id":0,"content":"[A]","single_word":False,"lstrip":True,"rstrip":True,"normalized":False,"special":True},{"id":0,"content":" x","single_word":False,"lstrip":False,"rstrip":False,"normalized":True,"special":False},{"id":0,"content":"World!","single_word":True,"lstrip":True,"rstrip":False,"normalized":True,"special":False},{"id":0,"content":"é","single_word":False,"lstrip":False,"rstrip":True,"normalized":True,"special":False}]]
T=[None,{"direction":"Right","max_length":9,"strategy":"LongestFirst","stride":0},{"direction":"Left","max_length":10,"strategy":"LongestFirst","stride":2},{"direction":"Right","max_length":12,"strategy":"OnlyFirst","stride":1},{"direction":"Right","max_length":12,"strategy":"OnlySecond","stride":3}]
PD=[None,{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":8,"pad_id":7,"pad_type_id":1,"pad_token":"[PAD]"},{"strategy":{"Fixed":20},"direction":"Left","pad_to_multiple_of":None,"pad_id":0,"pad_type_id":0,"pad_token":"<pad>"}]
def bo(text,offs):
    m=[0]
    for c in text: m.append(m[-1]+len(c.encode()))
    out=[]
    for a,b in offs: out+= [m[min(a,len(text))],m[min(b,len(text))]]
    return out
def enc(e):
    return dict(ids=e.ids,tokens=e.tokens,types=e.type_ids,words=[-1 if w is None else w for w in e.word_ids],special=e.special_tokens_mask,mask=e.attention_mask,over=len(e.overflowing))
def stream(t,ids,skip):
    s=DecodeStream(skip_special_tokens=skip); out=[]
    for i in ids:
        try: out.append(s.step(t,i))
        except BaseException: return None
    return out
def variant(name,n=None,p=None,r=None,d=None,m=None,a=(),trunc=None,pad=None,cases=14,seed=0):
    s=dict(base); s.update(normalizer=n,pre_tokenizer=p,post_processor=r,decoder=d,added_tokens=list(a),truncation=trunc,padding=pad)
    if m: s['model']=m
    try: t=Tokenizer.from_str(json.dumps(s))
    except BaseException as e: print("load",name,repr(e)[:200]); return None
    sections={k:s[k] for k in ['normalizer','pre_tokenizer','post_processor','decoder','added_tokens','truncation','padding']}
    out=dict(name=name,sections=sections,model=m,cases=[])
    rr=random.Random(seed)
    V=t.get_vocab_size()
    for text in rr.sample(texts,min(cases,len(texts))):
        c=dict(t=text)
        try:
            t.no_truncation(); t.no_padding()
            e=t.encode(text,add_special_tokens=False)
            c.update(ids=e.ids,tokens=e.tokens,off=bo(text,e.offsets))
            e=t.encode(text); c.update(sp=e.ids,spoff=bo(text,e.offsets))
            c['dec']=t.decode(c['ids']);
            c['dec_sp']=t.decode(c['sp'],skip_special_tokens=False)
        except BaseException as ex:
            c=dict(t=text,err=repr(ex)[:100])
        out['cases'].append(c)
    t=Tokenizer.from_str(json.dumps(s))
    out['pairs']=[]
    for _ in range(4):
        x,y=rr.choice(texts),rr.choice(texts)
        for special in (True,False):
            for one in (False,True):
                try: e=t.encode(x,add_special_tokens=special) if one else t.encode(x,y,add_special_tokens=special)
                except BaseException as ex: out['pairs'].append(dict(a=x,b=None if one else y,special=special,err=str(ex)[:80])); continue
                q=dict(a=x,b=None if one else y,s=special,e=enc(e)); out['pairs'].append(q)
    out['random']=[]
    for _ in range(5):
        d=[rr.randrange(V+3) for _ in range(rr.randint(1,9))]
        try: out['random'].append(dict(d=d,a=t.decode(d),b=t.decode(d,skip_special_tokens=False),st=stream(t,d,False),st_skip=stream(t,d,True)))
        except BaseException as ex: pass
    return out
V=[]
for i,n in enumerate(N): V.append(variant('normalizer %d'%i,n=n,m=M[1],a=A[i%2],seed=i))
for i,n in enumerate(N): V.append(variant('normalizer with metaspace first %d'%i,n=n,p=P[14],m=M[3],a=A[(i+1)%2],seed=100+i))
for i,p in enumerate(P): V.append(variant('pre-tokenizer %d'%i,p=p,m=M[1 if i%2 else 3],a=A[1 if i%3==0 else 0],seed=200+i))
for i,d in enumerate(D): V.append(variant('decoder %d'%i,p=P[1],d=d,seed=300+i))
for i,r in enumerate(R): V.append(variant('post-processor %d'%i,p=P[1],r=r,seed=400+i,a=A[i%2]))
for i,m in enumerate(M): V.append(variant('model %d'%i,p=P[3] if i>7 else P[i%3 and 13],n=N[i%3],m=m,seed=500+i,a=A[i%2]))
k=0
for ti in T:
    for pd in PD:
        k+=1; V.append(variant('truncation and padding %d'%k,p=P[1],r=R[k%len(R)],trunc=ti,pad=pd,cases=2,seed=600+k))
for i in range(args.mixes):
    rr=random.Random(args.seed*9000+i)
    V.append(variant('mix %d'%i,n=rr.choice(N[:-1]),p=rr.choice(P),r=rr.choice(R),d=rr.choice(D),m=rr.choice(M),a=rr.choice(A),trunc=rr.choice(T+[None]*4),pad=rr.choice(PD+[None]*2),cases=8,seed=1000+i))
for i in range(args.wild):
    rr=random.Random(args.seed*7000+i)
    w=wild.Wild(rr,chars)
    own=[w.text() for _ in range(12)]
    keep,texts=texts,own+rr.sample(texts,6)
    V.append(variant('wild %d'%i,cases=18,seed=2000+i,**w.tokenizer()))
    texts=keep
V=[v for v in V if v]
with gzip.GzipFile(args.out,'wb',mtime=0) as f:
    for v in V: f.write((json.dumps(v,ensure_ascii=False,separators=(',',':'))+'\n').encode())
print(len(V),sum(len(v['cases']) for v in V), sum('err' in c for v in V for c in v['cases']))
