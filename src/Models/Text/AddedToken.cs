using System.Text.Json;
using Pipelines.Domain.Errors;

namespace Pipelines.Models.Text;

/// <summary>A token that stands for itself in a text.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Content">Its text.</param>
/// <param name="Special">A mark of the chat or of the picture: not part of an answer's text.</param>
internal sealed record AddedToken(int Id, string Content, bool Special)
{
    /// <summary>Blanks before it belong to it.</summary>
    public bool LeftStrip { get; init; }

    /// <summary>Blanks after it belong to it.</summary>
    public bool RightStrip { get; init; }

    /// <summary>It is not found inside a word.</summary>
    public bool SingleWord { get; init; }

    /// <summary>It is looked for in the text as the normalizer leaves it, and is itself normalized.</summary>
    public bool Normalized { get; init; }

    /// <summary>
    /// Reads a token of added_tokens or added_tokens_decoder. What is null or missing is the library's default.
    /// </summary>
    /// <param name="file">The file, for messages.</param>
    /// <param name="id">Its id.</param>
    /// <param name="json">The object.</param>
    /// <exception cref="InputException">It is no token.</exception>
    public static AddedToken Read(string file, int id, JsonElement json)
    {
        if (
            json.ValueKind != JsonValueKind.Object
            || !json.TryGetProperty("content", out JsonElement content)
            || HubJson.TextOf(content) is not { } text
        )
        {
            throw new InputException(
                file,
                $"has an added token (id {id}) without a text.",
                "Download the tokenizer files of the model again."
            );
        }

        bool special = Flag("special", false);
        return new AddedToken(id, text, special)
        {
            LeftStrip = Flag("lstrip", false),
            RightStrip = Flag("rstrip", false),
            SingleWord = Flag("single_word", false),
            Normalized = Flag("normalized", !special),
        };

        bool Flag(string key, bool otherwise) =>
            !json.TryGetProperty(key, out JsonElement value) || value.ValueKind == JsonValueKind.Null ? otherwise
            : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean()
            : throw new InputException(
                file,
                $"has '{key}' of the added token '{text}' neither true nor false.",
                "Download the tokenizer files of the model again."
            );
    }
}
