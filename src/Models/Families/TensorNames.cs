namespace Pipelines.Models.Families;

/// <summary>
/// What families bring a checkpoint's names to the hub's form with. Newer classes put <c>model.</c> in front and move
/// parts (raw dumps of FSDP or DeepSpeed, merged adapters), a base model's dump leaves parts of the path out. Names
/// that are of no known form stay as they are, and are then told as such.
/// </summary>
internal static class TensorNames
{
    private static readonly string[] BareDecoder = ["embed_tokens.", "tok_embeddings.", "layers.", "norm."];

    /// <summary>
    /// A decoder's tensor by the hub's root and head, from <c>language_model.model.</c>, <c>language_model.</c> or the
    /// bare names; null for any other.
    /// </summary>
    public static string? Decoder(string name, string root, string head)
    {
        const string language = "language_model.",
            inner = "language_model.model.";
        if (name is "lm_head.weight" or "language_model.lm_head.weight")
        {
            return head;
        }

        string bare =
            name.StartsWith(inner, StringComparison.Ordinal) ? name[inner.Length..]
            : name.StartsWith(language, StringComparison.Ordinal) ? name[language.Length..]
            : name;
        return BareDecoder.Any(part => bare.StartsWith(part, StringComparison.Ordinal)) ? root + bare : null;
    }

    /// <summary>The name without the <c>model.</c> that newer classes put in front.</summary>
    public static string WithoutModel(string name) =>
        name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..] : name;

    /// <summary>The name with a part of its path that some versions leave out.</summary>
    public static string Inserted(string name, string after, string part) =>
        name.AsSpan(after.Length).StartsWith(part) ? name : after + part + name[after.Length..];
}
