using Pipelines.Fuzz.Mutators;
using Pipelines.Stages.Checking;

namespace Pipelines.Fuzz.Targets;

/// <summary>What another program computed, as <c>check --against</c> reads it.</summary>
internal sealed class ReferenceTarget() : FileTarget("reference", "json", "reference.json", new JsonMutator())
{
    protected override IReadOnlyList<byte[]> MakeSeeds() =>
        [
            """
        {"picture": "a.png", "question": "What is it?", "dtype": "float32", "input_ids": [1, 2, 3],
         "top_tokens": [5, 6], "top_logits": [2.5, 1.5], "key_norms": [1.0, 2.0], "value_norms": [1.0, 2.0],
         "last_keys": [[1, 2], [3, 4]], "pixel_norm": 3.5}
        """u8.ToArray(),
        ];

    protected override long? ReadFile(string path)
    {
        Reference.Read(path);
        return 0;
    }
}
