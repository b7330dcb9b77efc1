using System.Text;
using FluentAssertions;
using Pipelines.Stages.Errors;
using Pipelines.Stages.Vision;
using Xunit;

namespace Pipelines.Stages.Tests.Vision;

/// <summary>Laws of the processors, and their settings.</summary>
public sealed class ProcessorTests
{
    [Fact]
    public void Grids_of_the_same_number_of_tiles_are_never_both_nearest_to_a_shape()
    {
        // So their order in the list of grids, which in the authors' code is that of a Python set, decides nothing.
        for (int max = 1; max <= 40; max++)
        {
            double[] shapes = [.. Enumerable.Range(1, max).SelectMany(t => Enumerable.Range(1, t).Where(c => t % c == 0).Select(c => c / (double)(t / c)))];
            for (int tiles = 1; tiles <= max; tiles++)
            {
                double[] same = [.. Enumerable.Range(1, tiles).Where(c => tiles % c == 0).Select(c => c / (double)(tiles / c))];
                foreach (double a in same)
                {
                    foreach (double b in same.Where(b => b > a))
                    {
                        double middle = (a + b) / 2;
                        shapes.Min(s => Math.Abs(s - middle)).Should().BeLessThan((b - a) / 2, "grids of {0} tiles", tiles);
                    }
                }
            }
        }
    }

    [Theory]
    [InlineData(20, 5000)]
    [InlineData(5000, 20)]
    [InlineData(1, 3000)]
    public void A_long_narrow_picture_costs_no_more_than_its_crop(int width, int height)
    {
        var picture = Pictures.Random(new Random(3), width, height);
        var processor = new ClipProcessor(Config("""{"size":336,"crop_size":336}"""));
        long before = GC.GetAllocatedBytesForCurrentThread();
        processor.Process(picture).Shape.Should().Equal(1, 3, 336, 336);
        (GC.GetAllocatedBytesForCurrentThread() - before).Should().BeLessThan(10_000_000);
    }

    [Theory]
    [InlineData("""{"size":336,"crop_size":336}""")]
    [InlineData("""{"size":{"shortest_edge":336},"crop_size":{"height":336,"width":336}}""")]
    [InlineData("""{"size":{"height":336,"width":336}}""")]
    public void Sizes_are_read_in_every_spelling(string json)
    {
        var processor = new ClipProcessor(Config(json));
        (processor.ShortSide, processor.Side).Should().Be((336, 336));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"size":"large"}""")]
    [InlineData("""{"size":-3}""")]
    [InlineData("""{"size":1e9}""")]
    [InlineData("""{"size":{"height":336,"width":224},"crop_size":336}""")]
    [InlineData("""{"crop_size":{"height":336}}""")]
    [InlineData("""{"image_mean":[0.5,0.5]}""")]
    [InlineData("""{"image_std":[0.5,0.5,0]}""")]
    [InlineData("""{"resample":0}""")]
    [InlineData("""{"do_normalize":false}""")]
    [InlineData("""{"image_grid_pinpoints":[[336]]}""")]
    [InlineData("""{"image_grid_pinpoints":[null]}""")]
    [InlineData("""{"image_grid_pinpoints":[[300,336]],"size":336}""")]
    [InlineData("""{"patch_size":0}""")]
    [InlineData("""{"min_pixels":9,"max_pixels":8}""")]
    [InlineData("""{"max_pixels":1e15}""")]
    [InlineData("""{"size":{"shortest_edge":"x"}}""")]
    public void Settings_that_make_no_sense_are_refused_by_the_file_s_name(string json)
    {
        var picture = Pictures.Random(new Random(3), 40, 30);
        Action run = () =>
        {
            var config = Config(json);
            new ClipProcessor(config).Process(picture);
            new LlavaNextProcessor(config).Process(picture);
            new Qwen2VlProcessor(config).Process(picture);
        };
        run.Should().Throw<InputException>().WithMessage("folder/preprocessor_config.json*");
    }

    [Fact]
    public void Merge_order_visits_each_patch_once_and_neighbours_together()
    {
        var size = new Qwen2VlProcessor(Config("{}")).Geometry(140, 84);
        var order = size.MergeOrder().ToList();
        order.Should().OnlyHaveUniqueItems().And.HaveCount(size.GridColumns * size.GridRows);
        order.Chunk(4).Select(c => c.Select(p => (p.Row / 2, p.Column / 2)).Distinct().Count()).Should().OnlyContain(n => n == 1);
    }

    private static PreprocessorConfig Config(string json) => PreprocessorConfig.Parse(Encoding.UTF8.GetBytes(json), "folder/preprocessor_config.json");
}
