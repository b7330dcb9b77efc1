using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Models.Tensors;
using TorchSharp;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public CheckpointTests() => TorchNative.Touch();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Shards_are_joined_by_the_index()
    {
        WriteShards();
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.Tensors.Keys.Should().BeEquivalentTo("a.weight", "b.weight");
        using torch.Tensor b = checkpoint.Mapped("b.weight");
        b.data<float>().ToArray().Should().Equal(3, 4);
    }

    [Fact]
    public void A_missing_shard_is_named()
    {
        WriteShards();
        File.Delete(folder.File("model-00002-of-00002.safetensors"));
        Opening().WithMessage("*1 of 2 weight files are missing: model-00002-of-00002.safetensors*");
    }

    [Fact]
    public void An_index_that_disagrees_with_its_shard_is_refused()
    {
        WriteShards();
        folder.Write("model-00002-of-00002.safetensors", TensorToWrite.Of("c.weight", [3f, 4], 2));
        Opening().WithMessage("*model-00002-of-00002.safetensors*'b.weight'*");
    }

    [Fact]
    public void A_tensor_that_two_shards_hold_is_refused()
    {
        WriteShards();
        folder.Write(
            "model-00002-of-00002.safetensors",
            TensorToWrite.Of("b.weight", [3f, 4], 2),
            TensorToWrite.Of("a.weight", [5f, 6], 2)
        );
        Opening().WithMessage("*model-00002-of-00002.safetensors*'a.weight'*model-00001-of-00002.safetensors*too*");
    }

    [Theory]
    [InlineData("a.bias", false)]
    [InlineData("layers.0.rotary_emb.inv_freq", true)]
    [InlineData("unused.weight", true)]
    public void A_tensor_of_a_shard_that_the_index_does_not_name_is_left_over(string name, bool useless)
    {
        WriteShards();
        folder.Write(
            "model-00002-of-00002.safetensors",
            TensorToWrite.Of("b.weight", [3f, 4], 2),
            TensorToWrite.Of(name, [5f, 6], 2)
        );
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.Tensors.Keys.Should().BeEquivalentTo("a.weight", "b.weight");
        Action demand = () =>
            checkpoint.RequireNothingBut(new HashSet<string> { "a.weight", "b.weight", name }, ["unused."]);
        if (useless)
        {
            demand.Should().NotThrow();
        }
        else
        {
            demand
                .Should()
                .Throw<InputException>()
                .WithMessage($"*'{name}' in model-00002-of-00002.safetensors*index.json does not name*");
        }
    }

    [Fact]
    public void Tensors_are_the_same_where_type_shape_and_every_byte_are()
    {
        float[] long1 = [.. Enumerable.Range(0, 600_000).Select(i => (float)i)],
            long2 = [.. long1];
        long2[^1] = -1; // behind the part that is compared at once
        folder.Write(
            "model.safetensors",
            TensorToWrite.Of("x", long1, 600_000),
            TensorToWrite.Of("same", long1, 600_000),
            TensorToWrite.Of("other", long2, 600_000),
            TensorToWrite.Of("shaped", long1, 2, 300_000)
        );
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        checkpoint.AreSame("x", "same").Should().BeTrue();
        checkpoint.AreSame("x", "other").Should().BeFalse();
        checkpoint.AreSame("x", "shaped").Should().BeFalse();
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("{\"weight_map\": 3}")]
    [InlineData("{\"weight_map\": {\"a\": 3}}")]
    [InlineData("{\"weight_map\": {\"a\": \"x\", \"a\": \"x\"}}")]
    public void A_damaged_index_is_an_input_error(string json)
    {
        folder.Write("model.safetensors.index.json", json);
        Opening().WithMessage("*model.safetensors.index.json*damaged*");
    }

    [Fact]
    public void An_index_cannot_reach_outside_the_folder()
    {
        folder.Write("model.safetensors.index.json", "{\"weight_map\": {\"a\": \"../other/model.safetensors\"}}");
        Opening().WithMessage("*'../other/model.safetensors'*not a file of the folder*");
    }

    [Fact]
    public void Other_formats_are_refused_with_their_name()
    {
        Opening().WithMessage("*there are no weights*");
        folder.Write("model.gguf", "GGUF");
        Opening().WithMessage("*GGUF*");
        folder.Write("pytorch_model.bin", "PK");
        Opening().WithMessage("*pickle*.bin*safetensors*");
        FluentActions
            .Invoking(() => Checkpoint.Open(folder.File("absent")))
            .Should()
            .Throw<InputException>()
            .WithMessage("*absent*no such model folder*");
    }

    [Theory]
    [InlineData("{\"quantization_config\": {\"quant_method\": \"awq\"}}", "*config.json*quantised (awq)*")]
    [InlineData("{\"text_config\": {\"quantization_config\": {\"quant_method\": \"gptq\"}}}", "*quantised (gptq)*")]
    [InlineData(
        "{\"llm_config\": {\"quantization_config\": {\"load_in_4bit\": true}}}",
        "*quantised (an unnamed method)*"
    )]
    [InlineData("{\"quant", "*config.json*not valid JSON*")]
    [InlineData("[1]", null)]
    [InlineData("{\"quantization_config\": null, \"text_config\": 3}", null)]
    public void Quantised_checkpoints_are_refused(string config, string? complaint)
    {
        folder.Write("config.json", config);
        folder.Write("model.safetensors", TensorToWrite.Of("x", [1f], 1));
        if (complaint is null)
        {
            Checkpoint.Open(folder.Path).Dispose();
        }
        else
        {
            Opening().WithMessage(complaint);
        }
    }

    [Fact]
    public void Weights_are_claimed_by_name_and_shape_and_none_may_be_left()
    {
        folder.Write(
            "model.safetensors",
            TensorToWrite.Of("model.layers.0.q.weight", [1f, 2, 3, 4, 5, 6], 2, 3),
            TensorToWrite.Of("model.layers.0.q.bias", [10f, 20], 2),
            TensorToWrite.Of("model.norm.weight", [1f, 1], 2),
            TensorToWrite.Of("head", [1, 2], 2)
        );
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        foreach (LinearChoice choice in Enum.GetValues<LinearChoice>())
        {
            using Weights weights = Weights.Of(checkpoint, Arithmetic.Float32 with { Linear = choice });
            Weights layer = weights.Sub("model").Sub("layers.0");
            layer.Has("q.weight").Should().BeTrue();
            layer.Has("k.weight").Should().BeFalse();
            using ILinear q = layer.Linear("q", 2, 3, bias: true);
            using torch.Tensor x = torch.tensor(
                    new float[,]
                    {
                        { 1, 0, 2 },
                    }
                ),
                y = q.Forward(x);
            y.data<float>().ToArray().Should().Equal(17, 36);

            weights
                .Invoking(w => w.RequireAllClaimed())
                .Should()
                .Throw<InputException>()
                .WithMessage("*2 tensors*'head' in model.safetensors, 'model.norm.weight'*");
            weights.Claim("model.norm.weight", 2).sum().item<float>().Should().Be(2);
            weights.Invoking(w => w.RequireAllClaimed("hea")).Should().NotThrow();
            layer
                .Invoking(w => w.Linear("q", 3, 2, bias: false))
                .Should()
                .Throw<InputException>()
                .WithMessage("*'model.layers.0.q.weight' has shape [2, 3]*asks for [3, 2]*");
            layer
                .Invoking(w => w.Linear("k", 3, 2, bias: false))
                .Should()
                .Throw<InputException>()
                .WithMessage("*lacks the tensor 'model.layers.0.k.weight' [3, 2]*");
            weights
                .Invoking(w => w.Claim("head", 2))
                .Should()
                .Throw<InputException>()
                .WithMessage("*'head' is stored as U8*");
            weights.Invoking(w => w.Claim("model.norm.weight", -1)).Should().NotThrow("-1 stands for any size");
        }
    }

    [Fact]
    public void Claims_are_converted_copies_and_stored_claims_are_the_mapped_memory()
    {
        using var scope = torch.NewDisposeScope();
        folder.Write(
            "model.safetensors",
            TensorToWrite.Of("x", torch.tensor(new[] { 1.5f, -2 }).to(torch.ScalarType.BFloat16))
        );
        using Checkpoint checkpoint = Checkpoint.Open(folder.Path);
        using Weights weights = Weights.Of(checkpoint, Arithmetic.Float64);
        torch.Tensor claimed = weights.Claim("x", 2),
            stored = weights.ClaimStored("x", 2);
        claimed.dtype.Should().Be(torch.ScalarType.Float64);
        claimed.data<double>().ToArray().Should().Equal(1.5, -2);
        stored.dtype.Should().Be(torch.ScalarType.BFloat16);
        TorchNative.Pointer(stored).Should().Be(TorchNative.Pointer(checkpoint.Mapped("x")));
    }

    private void WriteShards()
    {
        folder.Write("model-00001-of-00002.safetensors", TensorToWrite.Of("a.weight", [1f, 2], 2));
        folder.Write("model-00002-of-00002.safetensors", TensorToWrite.Of("b.weight", [3f, 4], 2));
        folder.Write(
            "model.safetensors.index.json",
            """
            {
              "metadata": {},
              "weight_map": {
                "a.weight": "model-00001-of-00002.safetensors",
                "b.weight": "model-00002-of-00002.safetensors"
              }
            }
            """
        );
    }

    private FluentAssertions.Specialized.ExceptionAssertions<InputException> Opening() =>
        FluentActions.Invoking(() => Checkpoint.Open(folder.Path).Dispose()).Should().Throw<InputException>();
}
