using System.Globalization;

namespace Pipelines.Stages.Models;

/// <summary>
/// The id that stands for the image: older files call it image_token_index, newer ones image_token_id.
/// </summary>
internal static class ImageToken
{
    private static readonly string[] Keys = ["image_token_index", "image_token_id"];

    /// <summary>config.json and the tokenizer must agree about the id.</summary>
    /// <param name="parts">Config and tokenizer.</param>
    /// <param name="mark">The token's text.</param>
    /// <param name="otherwise">The class default where config.json has neither key; null = nothing is demanded
    /// then.</param>
    /// <exception cref="Errors.InputException">They name two ids.</exception>
    public static void Require(ModelParts parts, string mark, int? otherwise = null)
    {
        ModelConfig config = parts.Config;
        string[] named = [.. Keys.Where(config.Has)];
        foreach (string key in named.Length > 0 || otherwise is null ? named : [Keys[0]])
        {
            int id = config.Integer(key, otherwise);
            int? token = parts.Tokenizer.IdOf(mark);
            if (token != id)
            {
                string found = token?.ToString(CultureInfo.InvariantCulture) ?? "no token";
                throw config.Error(
                    key,
                    $"is {id}, but the tokenizer has '{mark}' as {found}.",
                    "Config and tokenizer must be of one model."
                );
            }
        }
    }
}
