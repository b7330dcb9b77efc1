using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text;

/// <summary>The alphabet that the normalizer and the pre-tokenizer of a tokenizer.json make together.</summary>
internal static class TokenizerJsonAlphabet
{
    private const string Mark = "\u2581";

    /// <summary>The alphabet of a file.</summary>
    /// <exception cref="InputException">A step that is not supported.</exception>
    public static SymbolAlphabet Of(
        string file,
        TokenizerJson json,
        TokenizerSettings settings,
        Dictionary<string, int> vocabulary
    )
    {
        List<TokenizerJson.Part> normalizers = json.Normalizer?.Steps().ToList() ?? [];
        List<TokenizerJson.Part> splits = json.PreTokenizer?.Steps().ToList() ?? [];
        if (
            normalizers.Find(n =>
                n
                    is not (
                { Type: "NFC" }
                        or { Type: "Prepend", Prepend: Mark }
                        or { Type: "Replace", Pattern.String: " ", Content: Mark }
                    )
            ) is
            { } step
        )
        {
            throw new InputException(
                file,
                $"has the normalizer {step.Type}, which is not supported.",
                "Supported are NFC, and Prepend and Replace of blanks."
            );
        }

        string normalizer = string.Join(" + ", normalizers.Select(n => n.Type));
        bool byteFallback = json.Model?.ByteFallback ?? vocabulary.ContainsKey("<0x0A>");
        switch (splits, normalizer)
        {
            case (
                [
                { Type: "Split", Pattern.Regex: { } pattern, Behavior: "Isolated", Invert: null or false },
                { Type: "ByteLevel", UseRegex: false, AddPrefixSpace: null or false },
                ],
                ""
                    or "NFC"
            ):
                RequireNoPrefix(settings);
                return new ByteLevelAlphabet(pattern, normalizer == "NFC");
            case ([{ Type: "ByteLevel", UseRegex: null or true, AddPrefixSpace: false }], "" or "NFC"):
                RequireNoPrefix(settings);
                return new ByteLevelAlphabet(ByteLevelAlphabet.Gpt2Pattern, normalizer == "NFC");
            case (
                [{ Type: "Digits" } digits, { Type: "ByteLevel", UseRegex: null or true, AddPrefixSpace: false }],
                ""
                    or "NFC"
            ):
                RequireNoPrefix(settings);
                return new ByteLevelAlphabet(
                    [
                        digits.IndividualDigits == true ? ByteLevelAlphabet.Digit : ByteLevelAlphabet.Number,
                        ByteLevelAlphabet.Gpt2Pattern,
                    ],
                    normalizer == "NFC"
                );
            case (
                []
                    or [{ Type: "Split", Pattern.String: " ", Invert: null or false }],
                ""
                    or "Replace"
                    or "Prepend + Replace"
            ):
                // blanks are marks by then, so that a split at blanks finds none
                BlankPrefix prefix = Settled(
                    settings,
                    normalizer == "Prepend + Replace" ? BlankPrefix.EachAlways : BlankPrefix.None
                );
                return new BlankMarkAlphabet(
                    vocabulary.Keys,
                    prefix,
                    marksWhenNormalizing: prefix != BlankPrefix.First,
                    byteFallback: byteFallback
                );
            case ([{ Type: "Metaspace", Replacement: null or Mark } metaspace], ""):
                string scheme = metaspace.PrependScheme ?? (metaspace.AddPrefixSpace == false ? "never" : "always");
                BlankPrefix ofScheme = scheme switch
                {
                    "always" => BlankPrefix.Each,
                    "first" => BlankPrefix.First,
                    "never" => BlankPrefix.None,
                    _ => throw new InputException(
                        file,
                        $"has the Metaspace prepend_scheme '{scheme}', which is not supported.",
                        "Supported are always, first and never."
                    ),
                };
                BlankPrefix settled = Settled(settings, ofScheme);
                return new BlankMarkAlphabet(
                    vocabulary.Keys,
                    settled,
                    splitAtBlanks: metaspace.Split ?? true,
                    marksWhenNormalizing: settled == BlankPrefix.EachAlways,
                    byteFallback: byteFallback
                );
            default:
                string kinds = string.Join(" + ", splits.Select(s => s.Type)),
                    found = kinds.Length > 0 ? kinds : "none",
                    behind = normalizer.Length > 0 ? $" with the normalizer {normalizer}" : "";
                throw new InputException(
                    file,
                    $"has the pre-tokenizer {found}{behind} with settings that are not supported.",
                    "Supported are Split with ByteLevel (Qwen2), ByteLevel (GPT-2), Digits before it (SmolLM), "
                        + "Metaspace and none (LLaMA)."
                );
        }
    }

    /// <summary>
    /// add_prefix_space, which makes a LlamaTokenizer over from its SentencePiece model; null leaves tokenizer.json as
    /// it is.
    /// </summary>
    private static BlankPrefix Settled(TokenizerSettings settings, BlankPrefix written)
    {
        if (settings.AddsPrefixSpace is not { } adds)
        {
            return written;
        }

        if (settings.Class == "LlamaTokenizer")
        {
            return !adds ? BlankPrefix.None
                : settings.IsLegacy ? BlankPrefix.EachAlways
                : BlankPrefix.First;
        }

        return adds == (written != BlankPrefix.None)
            ? written
            : throw new InputException(
                settings.Source,
                $"has add_prefix_space {(adds ? "true" : "false")}, but tokenizer.json does otherwise.",
                "Remove add_prefix_space."
            );
    }

    private static void RequireNoPrefix(TokenizerSettings settings)
    {
        if (settings.AddsPrefixSpace == true)
        {
            throw new InputException(
                settings.Source,
                "has add_prefix_space true, but tokenizer.json puts no blank in front.",
                "Set it to false."
            );
        }
    }
}
