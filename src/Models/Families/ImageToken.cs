using System.Globalization;
using Pipelines.Domain.Errors;
using Pipelines.Models.Text;

namespace Pipelines.Models.Families;

/// <summary>
/// The token that stands for the image: config.json, the tokenizer and the processor must mean the same one. Older
/// files call its id image_token_index, newer ones image_token_id.
/// </summary>
public static class ImageToken
{
    private const string TextKey = "image_token";
    private const string OneModel = "Config and tokenizer must be of one model.";
    private static readonly string[] Keys = ["image_token_index", "image_token_id"];

    /// <summary>Demands that the files of a folder name one image token.</summary>
    /// <param name="folder">The hub folder.</param>
    /// <param name="config">config.json.</param>
    /// <param name="tokenizer">The folder's tokenizer.</param>
    /// <param name="mark">The family's image token.</param>
    /// <param name="classDefault">The id that a file with neither key stands for; null = none.</param>
    /// <exception cref="InputException">They name two.</exception>
    public static void Require(
        string folder,
        ModelConfig config,
        HubTokenizer tokenizer,
        string mark,
        int? classDefault
    )
    {
        RequireId(config, tokenizer, mark, classDefault);
        RequireText(folder, TextKey, mark);
    }

    /// <summary>Demands that config.json and tokenizer mean one id by the image's token.</summary>
    /// <param name="config">config.json.</param>
    /// <param name="tokenizer">The folder's tokenizer.</param>
    /// <param name="mark">The family's image token.</param>
    /// <param name="classDefault">The id that a file with neither key stands for; null = none.</param>
    /// <exception cref="InputException">They name two.</exception>
    public static void RequireId(ModelConfig config, HubTokenizer tokenizer, string mark, int? classDefault)
    {
        string[] named = [.. Keys.Where(config.Has)];
        foreach (string key in named.Length > 0 || classDefault is null ? named : [Keys[0]])
        {
            int id = config.Integer(key, classDefault);
            int? token = tokenizer.IdOf(mark);
            if (token != id)
            {
                string found = token?.ToString(CultureInfo.InvariantCulture) ?? "no token";
                throw config.Error(key, $"is {id}, but the tokenizer has '{mark}' as {found}.", OneModel);
            }
        }
    }

    /// <summary>
    /// Demands a token's text where the files say one: the hub's processor repeats the token that
    /// processor_config.json or the tokenizer's files call image_token, in place of the one that the template writes.
    /// </summary>
    /// <param name="folder">The hub folder.</param>
    /// <param name="key">The token's name in the files.</param>
    /// <param name="mark">What it is called in the family's prompts.</param>
    /// <exception cref="InputException">A file calls it otherwise.</exception>
    public static void RequireText(string folder, string key, string mark)
    {
        string processor = Path.Combine(folder, "processor_config.json");
        string? named = File.Exists(processor) ? ModelConfig.Read(processor).OptionalText(key) : null;
        foreach (
            (string source, string? text) in ((string, string?)[])
                [(processor, named), .. TokenizerSettings.Read(folder).Named(key)]
        )
        {
            if (text is not null && text != mark)
            {
                throw new InputException(
                    source,
                    $"has the {key} '{text}', but this family's pictures stand at '{mark}'.",
                    "Processor and model must be of one model."
                );
            }
        }
    }
}
