using Pipelines.Domain.Errors;
using Pipelines.Models.Text;
using Pipelines.Models.Text.Templates;

namespace Pipelines.Models.Families.SmolVlm;

/// <summary>How SmolVLM2 and Idefics3 are asked.</summary>
internal static class SmolVlmPrompt
{
    private const string Image = "<image>",
        Around = "<fake_token_around_image>",
        Whole = "<global-img>",
        After = "<end_of_utterance>\nAssistant:";

    /// <summary>SmolVLM2's chat template, as it renders.</summary>
    public static BuiltInTemplate Smol { get; } = new("smolvlm2", "<|im_start|>User:", After);

    /// <summary>Idefics3's.</summary>
    public static BuiltInTemplate Idefics { get; } = new("idefics3", "<|begin_of_text|>User:", After);

    /// <summary>
    /// The picture: each tile behind its marker, a line a row of tiles, then the whole picture; alone where there are
    /// no tiles.
    /// </summary>
    public static ImageMark Mark { get; } =
        new(Image, Alone, Image, Image) { Tiled = Tiles, Others = [Around, Whole, "<video>"] };

    private static string Alone => $"{Around}{Whole}{Image}{Around}";

    /// <summary>
    /// Demands that processor_config.json counts the tokens of a tile as the model makes them: the hub's processor
    /// writes as many.
    /// </summary>
    /// <exception cref="InputException">It does not; or files name two image tokens.</exception>
    public static void RequireImageToken(ModelInfo info, ModelConfig config, HubTokenizer tokenizer)
    {
        ImageToken.Require(info.Folder, config, tokenizer, Image, classDefault: 128257);
        int along = SmolVlmConfig.TokensAlong(config),
            made = along * along;
        if (
            ModelConfig.ReadOptional(Path.Combine(info.Folder, "processor_config.json")) is { } processor
            && processor.Integer("image_seq_len", made) is var written
            && written != made
        )
        {
            throw processor.Error(
                "image_seq_len",
                Invariant.Text($"is {written}, but a tile becomes {made} image tokens."),
                "Processor and model must be of one model."
            );
        }
    }

    private static string Tiles(int rows, int columns) =>
        string.Concat(
            Enumerable
                .Range(1, rows)
                .Select(row =>
                    string.Concat(
                        Enumerable
                            .Range(1, columns)
                            .Select(column => Invariant.Text($"{Around}<row_{row}_col_{column}>{Image}"))
                    ) + "\n"
                )
        ) + $"\n{Alone}";
}
