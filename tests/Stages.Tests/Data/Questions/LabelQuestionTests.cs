using FluentAssertions;
using Pipelines.Domain.Errors;
using Pipelines.Stages.Data;
using Xunit;

namespace Pipelines.Stages.Tests.Data.Questions;

/// <summary>A file of labels with a question a line.</summary>
public sealed class LabelQuestionTests
{
    [Fact]
    public void With_a_question_a_picture_may_have_several_lines_and_the_category_is_the_answer()
    {
        using var folder = new QuestionFolder("a.jpg", "b.jpg", "c.jpg");
        string labels = folder.Write(
            "labels.csv",
            "file,category,question\na.jpg,red,What color is it?\n\na.jpg,two,\"How many,\nand where?\"\n"
                + "b.jpg,red,What color is it?\n"
        );

        PictureSet set = FolderReader.Read(folder.Root, labels);

        set.Pictures.Select(p => (p.SampleId, p.File, p.Category, p.Question?.Text, p.Question?.Row))
            .Should()
            .Equal(
                ("labels.csv:2", "a.jpg", "red", "What color is it?", 2),
                ("labels.csv:4", "a.jpg", "two", "How many,\nand where?", 4),
                ("labels.csv:6", "b.jpg", "red", "What color is it?", 6),
                ("c.jpg", "c.jpg", null, null, null)
            );
        set.Pictures[1].Question!.Answers.Should().Equal("two");
        set.Pictures[1].Question!.File.Should().Be("labels.csv");
        set.LeftOut.Should().Equal(("not labelled in labels.csv", 1));
    }

    [Theory]
    [InlineData("a.jpg,red,\n", ":2: 'a.jpg' has no question.")]
    [InlineData("a.jpg,red,What?\n./a.jpg,blue,What?\n", ":3: './a.jpg' is asked the same twice: it is 'a.jpg', too.")]
    [InlineData("a.jpg,red,Wh\0at?\n", ":2: the question of 'a.jpg' holds a NUL")]
    public void A_line_that_cannot_be_asked_is_refused(string lines, string message)
    {
        using var folder = new QuestionFolder("a.jpg");
        string labels = folder.Write("labels.csv", "file,category,question\n" + lines);

        Action read = () => FolderReader.Read(folder.Root, labels);

        read.Should().Throw<InputException>().Which.Message.Should().StartWith(labels + message);
    }
}
