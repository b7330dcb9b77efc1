using FluentAssertions;
using Pipelines.Domain;
using Pipelines.Domain.Errors;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>WhatsUp in its three shapes: the right caption stands first in all, and is not left there.</summary>
public sealed class WhatsUpTests
{
    private const string Objects = """
        [{"image_path": "data/mug_left.jpg",
          "caption_options": ["A mug left of a plate", "A mug on a plate", "A mug under a plate",
                              "A mug right of a plate"]}]
        """;

    [Fact]
    public void Captions_are_shuffled_and_the_letter_of_the_right_one_is_the_answer()
    {
        using var folder = new QuestionFolder("data/mug_left.jpg");
        folder.Write("controlled_images_dataset.json", Objects);

        var question = folder.Read("controlled_images_dataset.json").Only();

        question
            .Options.Should()
            .BeEquivalentTo([
                "A mug left of a plate",
                "A mug on a plate",
                "A mug under a plate",
                "A mug right of a plate",
            ]);
        question
            .Text.Should()
            .Be(
                "Which caption fits the image?\nOptions:\n"
                    + string.Join("\n", question.Options.Select((o, i) => $"{"ABCD"[i]}. {o}"))
            );
        question
            .Options["ABCD".IndexOf(question.Answers[0], StringComparison.Ordinal)]
            .Should()
            .Be("A mug left of a plate");
        question.CounterAnswer.Should().BeNull();
        question.Groups.Should().BeEmpty();
    }

    [Theory]
    [InlineData("COCO_QA_two_obj.json", "000000397133.jpg")]
    [InlineData("VG_QA_two_obj.json", "397133.jpg")]
    [InlineData("lists.json", "000000397133.jpg")]
    [InlineData("others.json", "397133.jpg")]
    public void Rows_that_are_lists_name_pictures_of_coco_or_visual_genome(string file, string picture)
    {
        using var folder = new QuestionFolder(picture);
        folder.Write(file, """[[397133, "A cup left of a fork", "A cup right of a fork"]]""");

        var set = folder.Read(file);

        set.Format.Should().Be(QuestionFormat.Whatsup);
        set.Rows[0].File.Should().Be(picture);
        var question = set.Only();
        question.Options.Should().HaveCount(2);
        question.CounterAnswer.Should().Be(question.Answers[0] == "A" ? "B" : "A");
    }

    [Fact]
    public void Whose_pictures_are_meant_is_not_guessed()
    {
        using var folder = new QuestionFolder();
        folder.Write("lists.json", """[[1, "a", "b"]]""");

        var read = () => folder.Read("lists.json");

        read.Should().Throw<InputException>().Which.Message.Should().Contain("does not say whose pictures it means");
    }

    [Fact]
    public void An_order_follows_from_seed_file_and_row_alone_and_every_order_comes()
    {
        using var folder = new QuestionFolder("1.jpg");
        string rows = string.Join(",", Enumerable.Repeat("""[1, "right", "wrong"]""", 400));
        folder.Write("vg.json", $"[{rows}]");
        folder.Write("vg_more.json", $"[{rows}]");

        string[] Answers(string file, int seed) =>
            [.. folder.Read(file, s => s with { Seed = seed }).Rows.Select(r => r.Category!)];

        var first = Answers("vg.json", 1);
        first.Should().Equal(Answers("vg.json", 1));
        first.Count(a => a == "A").Should().BeInRange(160, 240);
        first.Should().NotEqual(Answers("vg.json", 2));
        first.Should().NotEqual(Answers("vg_more.json", 1));
    }

    [Theory]
    [InlineData("""[1, "a"]""", "two captions or more are expected, none of them empty")]
    [InlineData("""[1, "a", "b", "c"]""", "two captions or more are expected, none of them empty")]
    [InlineData("""[1, "a", " "]""", "two captions or more are expected, none of them empty")]
    [InlineData("""["x", "a", "b"]""", "its picture's id 'x' is no whole number")]
    [InlineData("""[1, "a", "a"]""", "its right caption stands among the wrong ones, too")]
    public void A_row_without_two_captions_is_left_out(string row, string reason)
    {
        using var folder = new QuestionFolder("1.jpg");
        folder.Write("vg.json", $$"""[[1, "a", "b"], {{row}}]""");

        folder.Read("vg.json").Reasons().Should().Equal($"vg.json:2 {reason}");
    }
}
