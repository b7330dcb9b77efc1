namespace Pipelines.Models.Families;

/// <summary>
/// The names that a checkpoint's tensors have in the hub's form, whichever form the files have. Newer classes put
/// <c>model.</c> in front and move parts (raw dumps of FSDP or DeepSpeed, merged adapters), a base model's dump leaves
/// parts of the path out. Names that are of no known form stay as they are, and are then told as such.
/// </summary>
internal static class TensorNames
{
    private static readonly string[] BareDecoder = ["embed_tokens.", "tok_embeddings.", "layers.", "norm."];

    /// <summary>The hub's name of a stored name.</summary>
    public static Func<string, string> Of(ModelFamily family) =>
        family switch
        {
            ModelFamily.Llava or ModelFamily.LlavaNext => Llava,
            ModelFamily.InternVl => InternVl,
            ModelFamily.Qwen2Vl => Qwen2Vl,
            _ => throw new ArgumentOutOfRangeException(nameof(family)),
        };

    private static string Llava(string stored)
    {
        string name = WithoutModel(stored);
        if (name.StartsWith("vision_tower.", StringComparison.Ordinal))
        {
            return Inserted(name, "vision_tower.", "vision_model.");
        }

        return name.StartsWith("multi_modal_projector.", StringComparison.Ordinal) || name == "image_newline"
            ? name
            : Decoder(name, "language_model.model.", "language_model.lm_head.weight") ?? stored;
    }

    private static string InternVl(string stored)
    {
        string name = WithoutModel(stored);
        if (name is "language_model.output.weight" or "output.weight")
        {
            return "language_model.output.weight";
        }

        return
            name.StartsWith("vision_model.", StringComparison.Ordinal)
            || name.StartsWith("mlp1.", StringComparison.Ordinal)
            ? name
            : Decoder(name, "language_model.model.", "language_model.lm_head.weight") ?? stored;
    }

    private static string Qwen2Vl(string stored)
    {
        string name = WithoutModel(stored);
        return name.StartsWith("visual.", StringComparison.Ordinal)
            ? name
            : Decoder(name, "model.", "lm_head.weight") ?? stored;
    }

    /// <summary>
    /// A decoder's tensor by the hub's root and head, from <c>language_model.model.</c>, <c>language_model.</c> or the
    /// bare names; null for any other.
    /// </summary>
    private static string? Decoder(string name, string root, string head)
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

    private static string WithoutModel(string name) =>
        name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..] : name;

    /// <summary>The name with a part of its path that some versions leave out.</summary>
    private static string Inserted(string name, string after, string part) =>
        name.AsSpan(after.Length).StartsWith(part) ? name : after + part + name[after.Length..];
}
