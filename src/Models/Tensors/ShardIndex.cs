using System.Text.Json;
using Pipelines.Domain.Errors;
using Pipelines.Files;
using Pipelines.Models.Text;

namespace Pipelines.Models.Tensors;

/// <summary>model.safetensors.index.json: which shard holds which tensor.</summary>
/// <param name="WeightMap">The shard's file name by the tensor's name.</param>
/// <param name="Shards">The shards, each once, in ordinal order.</param>
internal sealed record ShardIndex(IReadOnlyDictionary<string, string> WeightMap, IReadOnlyList<string> Shards)
{
    /// <summary>Its name in a model folder.</summary>
    public const string FileName = "model.safetensors.index.json";

    /// <summary>Reads an index.</summary>
    /// <exception cref="InputException">Damaged, or it names a file that is not of the folder.</exception>
    public static ShardIndex Read(string index)
    {
        Dictionary<string, string> weightMap = ReadMap(index);
        string[] shards = [.. weightMap.Values.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return shards.FirstOrDefault(s => s.Length == 0 || Path.GetFileName(s) != s) is { } outside
            ? throw new InputException(index, $"the index names '{outside}', which is not a file of the folder.")
            : new ShardIndex(weightMap, shards);
    }

    private static Dictionary<string, string> ReadMap(string index)
    {
        try
        {
            byte[] bytes = Utf8Text.WithoutMark(RegularFile.ReadAllBytes(index));
            if (GitLfs.IsPointer(bytes))
            {
                throw new InputException(
                    index,
                    "the file is a git-LFS pointer, not the index.",
                    "Run `git lfs pull` in the model folder."
                );
            }

            JsonText.RequireWellFormed(bytes);
            using JsonDocument json = JsonDocument.Parse(bytes);
            return json
                .RootElement.GetProperty("weight_map")
                .EnumerateObject()
                .ToDictionary(p => p.Name, p => p.Value.GetString() ?? "", StringComparer.Ordinal);
        }
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or KeyNotFoundException or ArgumentException)
        {
            string reason = e is JsonException bad && JsonText.Place(bad) is { Length: > 0 } place ? $" ({place})" : "";
            throw new InputException(
                index,
                $"the index is damaged{reason}: it should be JSON with an object `weight_map` of tensor names and "
                    + "file names.",
                "Download the file again.",
                e
            );
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException(index, $"the file cannot be read ({e.Message.TrimEnd('.')}).", null, e);
        }
    }
}
