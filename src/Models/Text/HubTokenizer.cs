using System.Text;
using System.Text.RegularExpressions;
using System.Text.Unicode;
using Microsoft.ML.Tokenizers;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text;

/// <summary>
/// The tokenizer of a hub folder: byte-pair encoding from tokenizer.json, from vocab.json + merges.txt, or from a
/// SentencePiece tokenizer.model. Immutable and safe for several threads; time is linear in the length of ordinary
/// text.
/// </summary>
public sealed class HubTokenizer
{
    private readonly BpeTokenizer _merger;
    private readonly TokenizerModel _model;
    private readonly MergeBarriers _barriers;
    private readonly Dictionary<int, string> _texts = [];
    private readonly Dictionary<string, AddedToken> _added;
    private readonly HashSet<int> _addedIds;
    private readonly HashSet<int> _special;
    private readonly Dictionary<string, int> _symbols;
    private readonly AddedTokenCutter _cutter;

    /// <summary>Reads the tokenizer of a folder.</summary>
    /// <param name="folder">A hub folder.</param>
    /// <exception cref="InputException">No tokenizer there, a damaged file, or a kind of tokenizer that is not
    /// supported; names the file.</exception>
    public HubTokenizer(string folder)
        : this(TokenizerFiles.Read(folder)) { }

    private HubTokenizer(TokenizerModel model)
    {
        _model = model;
        _added = model.Added.ToDictionary(t => t.Content, StringComparer.Ordinal);
        _special = [.. model.Added.Where(t => t.Special).Select(t => t.Id), .. model.Controls];
        if (model.Bos is { } bos)
        {
            _special.Add(bos);
        }

        _addedIds = [.. model.Added.Select(t => t.Id), .. _special];
        foreach (var (token, id) in model.Vocabulary)
        {
            _texts[id] = token;
        }

        foreach (var token in model.Added)
        {
            _texts[token.Id] = token.Content;
        }

        _symbols = Symbols(model);
        _barriers = new MergeBarriers(_symbols.Keys);
        _cutter = new AddedTokenCutter(model.Added, model.Alphabet);
        VocabularySize = _texts.Count == 0 ? 0 : _texts.Keys.Max() + 1;
        try
        {
            _merger = BpeTokenizer.Create(
                new BpeOptions(_symbols)
                {
                    Merges = model.Merges,
                    UnknownToken = model.UnknownToken is { } unknown && _symbols.ContainsKey(unknown) ? unknown : null,
                    FuseUnknownTokens = model.FusesUnknown,
                }
            );
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException or FormatException)
        {
            throw new InputException(
                model.Source,
                $"holds a vocabulary or merges that do not fit together ({e.Message}).",
                "Download the tokenizer files again.",
                e
            );
        }
    }

    /// <summary>Token put in front of every text, if the tokenizer does so.</summary>
    public int? Bos => _model.Bos;

    /// <summary>One more than the largest id that a token has; the embedding may have more rows (padding).</summary>
    public int VocabularySize { get; }

    /// <summary>
    /// Ids of a text, with <see cref="Bos"/> in front where the tokenizer has one. Added tokens written in the text
    /// become their single ids.
    /// </summary>
    /// <param name="text">Any text; lone surrogates count as U+FFFD.</param>
    public IReadOnlyList<int> Encode(string text)
    {
        IReadOnlyList<int> ids = EncodeAsWritten(text);
        return Bos is { } bos ? [bos, .. ids] : ids;
    }

    /// <summary>
    /// Ids of a text in which <see cref="Bos"/> may stand already, as in what a chat template writes: it comes once.
    /// </summary>
    /// <param name="text">Any text; lone surrogates count as U+FFFD.</param>
    public IReadOnlyList<int> EncodeWithOneBos(string text)
    {
        IReadOnlyList<int> ids = EncodeAsWritten(text);
        return Bos is { } bos && (ids.Count == 0 || ids[0] != bos) ? [bos, .. ids] : ids;
    }

    private List<int> EncodeAsWritten(string text)
    {
        var ids = new List<int>();
        bool first = true;
        foreach (var (stretch, token) in _cutter.Cut(text))
        {
            if (token is not null)
            {
                ids.Add(token.Id);
            }
            else
            {
                EncodeStretch(stretch, first, ids);
            }

            first = false;
        }

        return ids;
    }

    /// <summary>
    /// Text of ids. Ids without a token (padding rows of the embedding) are left out; bytes that are not UTF-8 become
    /// U+FFFD.
    /// </summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipAdded">Leaves out special tokens; added tokens that are not special (<c>&lt;tool_call&gt;</c>)
    /// are always shown.</param>
    public string Decode(IEnumerable<int> ids, bool skipAdded = true)
    {
        var text = new StringBuilder();
        var bytes = new List<byte>();
        foreach (int id in ids)
        {
            if (!_texts.TryGetValue(id, out string? token))
            {
                continue;
            }

            if (_addedIds.Contains(id))
            {
                FlushBytes(bytes, text);
                text.Append(skipAdded && _special.Contains(id) ? "" : _model.Alphabet.AddedText(token));
            }
            else if (_model.Alphabet.Bytes(token) is { } some)
            {
                bytes.AddRange(some);
            }
            else
            {
                FlushBytes(bytes, text);
                text.Append(_model.Alphabet.Text(token));
            }
        }

        FlushBytes(bytes, text);
        string decoded =
            _model.Alphabet.PutsPrefix && text.Length > 0 && text[0] == ' '
                ? text.ToString(1, text.Length - 1)
                : text.ToString();
        return _model.CleansUp ? CleanedUp(decoded) : decoded;
    }

    /// <summary>
    /// One token for display: its text with blanks as blanks, bytes that are no text alone as <c>&lt;0xE4&gt;</c>,
    /// added tokens by name, ids without a token as <c>&lt;unused N&gt;</c>.
    /// </summary>
    public string TokenText(int id)
    {
        if (!_texts.TryGetValue(id, out string? token))
        {
            return Invariant.Text($"<unused {id}>");
        }

        if (_addedIds.Contains(id))
        {
            return _model.Alphabet.AddedText(token);
        }

        if (_model.Alphabet.Bytes(token) is not { } bytes)
        {
            return _model.Alphabet.Text(token);
        }

        return Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : string.Concat(bytes.Select(b => $"<0x{b:X2}>"));
    }

    /// <summary>Id of a token spelt as in the tokenizer's files (added tokens first), or null.</summary>
    public int? IdOf(string token) =>
        _added.TryGetValue(token, out var added) ? added.Id
        : _model.Vocabulary.TryGetValue(token, out int id) ? id
        : null;

    /// <summary>
    /// The first special token that stands in a text as written, or an added one in angle brackets, which chat
    /// templates use as such: to the tokenizer it is no text. Null where there is none.
    /// </summary>
    public string? SpecialTokenIn(string text) =>
        _model
            .Added.Where(t => (t.Special || IsMark(t.Content)) && text.Contains(t.Content, StringComparison.Ordinal))
            .OrderBy(t => text.IndexOf(t.Content, StringComparison.Ordinal))
            .ThenByDescending(t => t.Content.Length)
            .FirstOrDefault()
            ?.Content;

    private static bool IsMark(string token) => token is ['<', .., '>'] && token.Length > 2;

    /// <summary>True where an id has a token; false for padding rows of the embedding.</summary>
    public bool HasToken(int id) => _texts.ContainsKey(id);

    /// <summary>
    /// The characters that <see cref="Decode"/> shows (before it takes the blank in front away), each with the tokens
    /// that spell it.
    /// </summary>
    /// <param name="ids">Token ids.</param>
    public IReadOnlyList<SpeltCharacter> Characters(IReadOnlyList<int> ids)
    {
        var characters = new List<SpeltCharacter>();
        var bytes = new List<byte>();
        var tokenOf = new List<int>(); // [bytes], index of the token that a byte belongs to
        for (int i = 0; i < ids.Count; i++)
        {
            if (!_texts.TryGetValue(ids[i], out string? token))
            {
                continue;
            }

            if (!_addedIds.Contains(ids[i]) && _model.Alphabet.Bytes(token) is { } some)
            {
                bytes.AddRange(some);
                tokenOf.AddRange(Enumerable.Repeat(i, some.Length));
                continue;
            }

            EndBytes();
            string text =
                !_addedIds.Contains(ids[i]) ? _model.Alphabet.Text(token)
                : _special.Contains(ids[i]) ? ""
                : _model.Alphabet.AddedText(token);
            characters.AddRange(text.EnumerateRunes().Select(character => new SpeltCharacter(character, i, i)));
        }

        EndBytes();
        return characters;

        void EndBytes()
        {
            int at = 0;
            foreach (var (character, length) in _model.Alphabet.Characters([.. bytes]))
            {
                characters.Add(new SpeltCharacter(character, tokenOf[at], tokenOf[at + length - 1]));
                at += length;
            }

            bytes.Clear();
            tokenOf.Clear();
        }
    }

    private void EncodeStretch(string stretch, bool first, List<int> ids)
    {
        try
        {
            foreach (string piece in _model.Alphabet.Pieces(stretch, first))
            {
                if (_model.IgnoresMerges && _symbols.TryGetValue(piece, out int whole))
                {
                    ids.Add(whole);
                    continue;
                }

                foreach (var (start, length) in _barriers.Split(piece))
                {
                    ids.AddRange(
                        _merger.EncodeToIds(
                            piece.AsSpan(start, length),
                            considerPreTokenization: false,
                            considerNormalization: false
                        )
                    );
                }
            }
        }
        catch (RegexMatchTimeoutException e)
        {
            throw new InputException(
                _model.Source,
                "has a split pattern that takes too long on this text.",
                "Use the tokenizer.json of the published model.",
                e
            );
        }
    }

    /// <summary>
    /// Tokens in symbols; two tokens of the same symbols (<c>&lt;0x0A&gt;</c> and <c>&lt;0x0a&gt;</c>) would be one.
    /// </summary>
    private static Dictionary<string, int> Symbols(TokenizerModel model)
    {
        var symbols = new Dictionary<string, int>(model.Vocabulary.Count, StringComparer.Ordinal);
        foreach (var (token, id) in model.Vocabulary)
        {
            if (!symbols.TryAdd(model.Alphabet.Symbols(token), id))
            {
                throw new InputException(
                    model.Source,
                    $"holds two tokens that stand for the same text, one of them '{token}'.",
                    "Download the tokenizer files again."
                );
            }
        }

        return symbols;
    }

    /// <summary>What transformers calls clean_up_tokenization.</summary>
    private static string CleanedUp(string text)
    {
        foreach (string before in (string[])[" .", " ?", " !", " ,"])
        {
            text = text.Replace(before, before[1..], StringComparison.Ordinal);
        }

        text = text.Replace(" ' ", "'", StringComparison.Ordinal);
        foreach (string before in (string[])[" n't", " 'm", " 's", " 've", " 're"])
        {
            text = text.Replace(before, before[1..], StringComparison.Ordinal);
        }

        return text;
    }

    private void FlushBytes(List<byte> bytes, StringBuilder text)
    {
        if (bytes.Count > 0)
        {
            text.Append(_model.Alphabet.BytesText([.. bytes]));
            bytes.Clear();
        }
    }
}

/// <summary>A character of a text that tokens spell.</summary>
/// <param name="Character">The character.</param>
/// <param name="First">Index of the first token that spells it.</param>
/// <param name="Last">Index of the last one: another than <paramref name="First"/> where bytes of it stand in several
/// tokens.</param>
public readonly record struct SpeltCharacter(Rune Character, int First, int Last);
