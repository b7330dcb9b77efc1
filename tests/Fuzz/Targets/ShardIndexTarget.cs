using Pipelines.Fuzz.Mutators;
using Pipelines.Models.Tensors;

namespace Pipelines.Fuzz.Targets;

/// <summary>model.safetensors.index.json, beside its shards.</summary>
internal sealed class ShardIndexTarget()
    : FileTarget("index", "json", "model.safetensors.index.json", new JsonMutator())
{
    private static readonly string[] Shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            System.Text.Encoding.UTF8.GetBytes(
                $$"""
                { "metadata": { "total_size": 16 }, "weight_map": { "a": "{{Shards[0]}}", "b": "{{Shards[
                    0
                ]}}", "c": "{{Shards[1]}}" } }
                """
            ),
        ];

    protected override void Lay(string into)
    {
        File.WriteAllBytes(
            Path.Combine(into, Shards[0]),
            SafeTensorsBytes.Of(TensorToWrite.Of("a", [1f, 2f], 2), TensorToWrite.Of("b", [3f], 1))
        );
        File.WriteAllBytes(Path.Combine(into, Shards[1]), SafeTensorsBytes.Of(TensorToWrite.Of("c", [4f], 1)));
        Directory.CreateDirectory(Path.Combine(into, "a"));
    }

    protected override long? ReadFile(string path)
    {
        using Checkpoint checkpoint = Checkpoint.Open(Folder);
        foreach (string name in checkpoint.Tensors.Keys)
        {
            checkpoint.Mapped(name).Dispose();
        }

        return 0;
    }
}
