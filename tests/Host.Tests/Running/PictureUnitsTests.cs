using FluentAssertions;
using Pipelines.Host.Running;
using Pipelines.Stages.Units;
using Xunit;

namespace Pipelines.Host.Tests.Running;

public sealed class PictureUnitsTests
{
    private static readonly Unit Answer = Fake.Unit("answer", pictures: ["a"]),
        Pass = Fake.Unit("pass", pictures: ["a"]),
        Other = Fake.Unit("other", pictures: ["b"]),
        Mean = Fake.Unit("mean", pictures: ["a", "b"]),
        Fit = Fake.Unit("fit");

    [Fact]
    public void Who_knows_the_same_units_of_a_picture_has_the_same_digest_in_whatever_order_they_came()
    {
        PictureUnits one = Knowing(Answer, Pass, Other, Mean, Fit),
            two = Knowing(Fit, Pass, Answer, Pass);

        one.DigestOf("a").Should().Be(two.DigestOf("a"));
        one.Of("a").Should().BeEquivalentTo([Answer, Pass]);
        two.Of("b").Should().BeEmpty();
    }

    [Fact]
    public void One_more_unit_is_another_digest()
    {
        PictureUnits units = Knowing(Answer);
        string before = units.DigestOf("a");

        units.Know(Pass);

        units.DigestOf("a").Should().NotBe(before);
        units.DigestOf("a").Should().Be(Knowing(Answer, Pass).DigestOf("a"));
    }

    private static PictureUnits Knowing(params Unit[] known)
    {
        var units = new PictureUnits();
        Array.ForEach(known, units.Know);
        return units;
    }
}
